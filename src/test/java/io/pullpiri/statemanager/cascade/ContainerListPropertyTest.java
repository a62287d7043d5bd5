// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.testing.ContainerListTable;
import io.pullpiri.statemanager.testing.SpecificationTables;
import io.pullpiri.statemanager.view.Absence;
import io.pullpiri.statemanager.view.NodeEntry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import org.jspecify.annotations.Nullable;

/** Which containers count after random lists equals a table that computes it from all lists. */
@Tag("slow")
class ContainerListPropertyTest {

    private static final List<String> NODES = List.of("HPC", "ZONE");
    private static final List<String> NAMES = List.of("x", "y", "z");
    private static final List<String> STATUSES = List.of(
            "running", "running", "paused", "exited:0", "exited:137", "exited:137", "exited:137:oom", "exited:1");
    private static final String PACKAGE = CascadeRig.packageYaml("p", "m");

    private final Map<String, Map<String, String>> last = new HashMap<>();

    // [utest->req~lst-replace~1]
    // [utest->req~lst-grace~2]
    // [utest->req~lst-empty~1]
    // [utest->req~lst-stop~1]
    // [utest->req~lst-removed~1]
    @Property(tries = 1000)
    void countedContainers_followTheTableAfterEveryList(@ForAll long seed) {
        Random random = new Random(seed);
        CascadeRig world = new CascadeRig();
        ContainerListTable table = new ContainerListTable();
        last.clear();
        name(world, table, true);
        for (int i = 0; i < 40; i++) {
            pass(world, random);
            switch (random.nextInt(12)) {
                case 0 -> name(world, table, false);
                case 1 -> name(world, table, true);
                case 2 -> world.restart();
                default -> list(world, table, random);
            }
            if (table.isClose(world.now().monotonicNanos())) {
                return;
            }
            check(world, table, "step " + i);
        }
    }

    private static void name(CascadeRig world, ContainerListTable table, boolean named) {
        world.run(named ? CascadeRig.apply(PACKAGE) : CascadeRig.delete(PACKAGE));
        table.named(world.now().monotonicNanos(), named);
    }

    /** Mostly the list before with one change, so that absences last. */
    private void list(CascadeRig world, ContainerListTable table, Random random) {
        String node = NODES.get(random.nextInt(NODES.size()));
        Map<String, String> containers = new TreeMap<>(last.getOrDefault(node, Map.of()));
        String name = NAMES.get(random.nextInt(NAMES.size()));
        if (random.nextInt(3) == 0) {
            containers.remove(name);
        } else {
            containers.put(name, STATUSES.get(random.nextInt(STATUSES.size())));
        }
        Map<String, String> sent = random.nextInt(4) == 0 ? Map.of() : containers;
        if (!sent.isEmpty()) {
            last.put(node, containers);
        }
        world.run(CascadeRig.report(
                node,
                sent.entrySet().stream()
                        .map(each -> "m/" + each.getKey() + "=" + each.getValue())
                        .toArray(String[]::new)));
        table.list(node, world.now().monotonicNanos(), sent);
    }

    /** Lets time pass as the manager does, with a tick at the end of each grace period. */
    private static void pass(CascadeRig world, Random random) {
        long seconds = switch (random.nextInt(6)) {
            case 0 -> 14;
            case 1 -> 28;
            case 2 -> 4;
            default -> 1;
        };
        long until = world.now().monotonicNanos() + Duration.ofSeconds(seconds).toNanos() + random.nextInt(999_999_999);
        for (long tick = Cascade.nextTick(world.view); tick <= until; tick = Cascade.nextTick(world.view)) {
            world.pass(Duration.ofNanos(tick - world.now().monotonicNanos() - 1_000_000));
            world.run(new Command.Tick());
        }
        world.pass(Duration.ofNanos(Math.max(0, until - world.now().monotonicNanos())));
    }

    private static void check(CascadeRig world, ContainerListTable table, String when) {
        long now = world.now().monotonicNanos();
        List<String> states = new ArrayList<>();
        for (String name : NODES) {
            Map<String, String> expected = table.counted(name, now);
            assertThat(counted(world.view.nodes().get(name)))
                    .as("%s: containers of %s", when, name)
                    .isEqualTo(expected);
            expected.values().forEach(state -> states.add(state.replace(" removed", "")));
        }
        if (!states.isEmpty()) {
            String state = SpecificationTables.modelState(states);
            assertThat(world.modelState("m"))
                    .as("%s: model with %s", when, states)
                    .isEqualTo(state.charAt(0) + state.substring(1).toLowerCase(Locale.ROOT));
        }
    }

    private static Map<String, String> counted(@Nullable NodeEntry node) {
        Map<String, String> counted = new TreeMap<>();
        Stream.ofNullable(node)
                .flatMap(each -> each.containers().values().stream())
                .forEach(container -> counted.put(
                        container.name(),
                        container.state() + (container.absence() == Absence.REMOVED ? " removed" : "")));
        return counted;
    }
}
