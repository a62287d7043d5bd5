// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.delete;
import static io.pullpiri.statemanager.testing.CascadeRig.packageYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.report;
import static io.pullpiri.statemanager.testing.CascadeRig.scenarioYaml;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.ResourceKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How a batch is divided into transactions, and that its commands are decided one after the other. */
class PlanTest {

    /** A transaction of 40 writes is full with more than 30, and 5 of them belong to the journal. */
    private final CascadeRig world =
            new CascadeRig(CascadeRig.RULES, new Plan.TransactionLimits(40, 1 << 20, 1L << 40));

    private static Command model(String name, ModelState state) {
        return new Command.ModelChange(name, state, "", "test");
    }

    private static Command[] forty(IntFunction<Command> command) {
        return IntStream.range(0, 40).mapToObj(command).toArray(Command[]::new);
    }

    private Plan plan(Command... batch) {
        return world.cascade.plan(world.view, List.of(batch), world.now());
    }

    private void assertDecided(int commands, Command... batch) {
        Plan plan = plan(batch);
        assertThat(plan.answers()).hasSize(commands);
        assertThat(plan.transactions()).as("visible together").hasSize(1);
        world.run(batch);
    }

    @Test
    void commands_areDecidedTogetherAsLongAsATransactionHoldsThem() {
        assertDecided(16, forty(i -> apply(packageYaml("p" + i, "m" + i)))); // an artifact and a state each
        assertDecided(16, forty(i -> model("m" + i, ModelState.RUNNING))); // a model's and a package's state
        assertDecided(11, forty(i -> model("m" + i, ModelState.DEAD))); // and the record
        assertDecided(11, forty(i -> model("m" + i, ModelState.PAUSED))); // which goes
        assertDecided(31, forty(i -> report("n" + i, "/free" + i + "=running"))); // a digest
        assertDecided(31, forty(i -> model("alone" + i, ModelState.RUNNING)));
        assertDecided(11, forty(i -> delete(packageYaml("p" + i)))); // and the forsaken model
        assertThat(world.view.packages()).isEmpty();
        assertThat(world.view.models()).hasSize(40);
    }

    @Test
    void commandThatJustFits_isOneTransaction() {
        assertThat(plan(report("n", running(34))).transactions()).hasSize(1);
        List<Plan.PlannedTransaction> transactions =
                plan(report("n", running(35))).transactions();
        assertThat(transactions).hasSize(2);
        assertThat(transactions.getLast().transaction().writes())
                .extracting(write -> write.key())
                .contains(Keys.node("n"));
        world.run(report("n", running(90)));
        assertThat(world.states()).hasSize(90);
    }

    /** Found by reading: models were in one transaction, and their packages in the next. */
    @Test
    void commandThatDoesNotFitWithOthers_getsItsOwnTransaction() {
        String[] models = IntStream.range(0, 40).mapToObj(i -> "m" + i).toArray(String[]::new);
        world.run(apply(packageYaml("p", models)));
        String[] first = Arrays.copyOf(running(40), 20);
        String[] second = Arrays.copyOfRange(running(40), 20, 40);
        assertDecided(1, report("n", first), report("o", second)); // of 22 writes each
        assertThat(world.packageState("p")).isEqualTo("Running");

        CascadeRig small = new CascadeRig(CascadeRig.RULES, new Plan.TransactionLimits(128, 20_000, 1L << 40));
        Command[] large = IntStream.range(0, 5)
                .mapToObj(i -> apply(packageYaml("p" + i) + "\n# " + "x".repeat(9_000)))
                .toArray(Command[]::new);
        Plan plan = small.cascade.plan(small.view, List.of(large), small.now());
        assertThat(plan.transactions()).hasSize(1);
        assertThat(plan.answers()).hasSize(2);
        small.run(large);
        assertThat(small.view.packages()).hasSize(5);
    }

    private static Command storeEvents(int from, int to, String state) {
        return new Command.StoreEvents(
                IntStream.range(from, to)
                        .mapToObj(i -> new WatchEvent(Keys.modelState("m" + i), state, 1_000 + i))
                        .toList(),
                false);
    }

    /** Otherwise a package could be stored that contradicts the known states of its models. */
    @Test
    void storeEvents_areNotSplit() {
        String[] models = IntStream.range(0, 60).mapToObj(i -> "m" + i).toArray(String[]::new);
        world.run(apply(packageYaml("p", models)));
        Command[] events = IntStream.range(0, 60)
                .mapToObj(i -> storeEvents(i, i + 1, "Dead"))
                .toArray(Command[]::new);
        assertDecided(60, events);
        assertThat(world.packageState("p")).isEqualTo("Error");

        String[] others = IntStream.range(0, 30)
                .mapToObj(i -> "x" + i + "/c" + i + "=running")
                .toArray(String[]::new);
        List<Command> batch = new ArrayList<>();
        IntStream.range(0, 10).forEach(i -> batch.add(apply(packageYaml("q" + i, "q"))));
        world.run(batch.toArray(Command[]::new));
        Command event = new Command.StoreEvents(List.of(new WatchEvent(Keys.modelState("q"), "Dead", 2_000)), false);
        assertDecided(2, event, storeEvents(60, 61, "Dead"), report("n", others)); // 21 writes, one, and 31
    }

    @Test
    void oversizedCommand_isProcessedAlthoughStoreEventsArrive() {
        Plan plan = plan(storeEvents(0, 1, "Dead"), report("n", running(90)));
        assertThat(plan.answers()).hasSize(2);
        assertThat(plan.transactions()).hasSizeGreaterThan(1);
        plan = plan(storeEvents(0, 1, "Dead"), model("x", ModelState.DEAD), report("n", running(90)));
        assertThat(plan.answers()).as("not with another command").hasSize(2);
        assertThat(plan.transactions()).hasSize(1);
    }

    private static String[] running(int models) {
        return IntStream.range(0, models)
                .mapToObj(i -> "m" + i + "/c" + i + "=running")
                .toArray(String[]::new);
    }

    /** The rig rejects a transaction that is larger than the store accepts. A control character takes six bytes. */
    @Test
    void transaction_neverExceedsTheStoresLimit() {
        CascadeRig small = new CascadeRig(CascadeRig.RULES, new Plan.TransactionLimits(128, 12_000, 1L << 40));
        String text = "\u0001".repeat(253);
        for (String[] each : new String[][] {{"i" + text, "s"}, {"i", "s" + text}, {"i" + text, "s" + text}}) {
            List<Command> batch = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                String name = each[0].length() + "-" + each[1].length() + "-" + "m".repeat(200) + i;
                batch.add(new Command.ModelChange(name, ModelState.RUNNING, each[0], each[1]));
            }
            small.run(batch.toArray(new Command[0]));
        }
        for (int i = 0; i < 20; i++) {
            small.run(apply(packageYaml("p" + i) + "\n# " + "x".repeat(9_000)));
        }
        assertThat(small.view.models()).hasSize(60);
        assertThat(small.restart()).as("its fence").isOne();
    }

    @Test
    void eachChange_hasTheSameCauseInAnyBatching() {
        world.run(apply(packageYaml("p", "a", "b")), model("b", ModelState.RUNNING));
        world.run(model("a", ModelState.DEAD), model("a", ModelState.RUNNING));
        assertThat(world.lastCause(ResourceKind.PACKAGE, "p")).isEqualTo("a running (requested by test)");
        assertThat(world.history(ResourceKind.PACKAGE, "p"))
                .containsExactly(">Idle", "Idle>Running", "Running>Degraded", "Degraded>Running");
    }

    @Test
    void death_isTheCauseAmongSimultaneousChanges() {
        world.run(apply(packageYaml("p", "a", "b", "c")));
        world.run(report("n", "a/a=running", "b/b=running", "c/c=running"));
        world.run(report("n", "a/a=paused", "b/b=exited:1", "c/c=paused"));
        assertThat(world.lastCause(ResourceKind.PACKAGE, "p"))
                .isEqualTo("1 of 3 models dead: b dead (container b on n: exit code 1)");
        world.run(report("n", "a/a=paused", "b/b=paused", "c/c=paused"));
        assertThat(world.lastCause(ResourceKind.PACKAGE, "p"))
                .isEqualTo("3 of 3 models paused: b paused (container b on n: paused)");
        world.run(report("n", "a/a=exited:0", "b/b=exited:0", "c/c=exited:0"));
        assertThat(world.lastCause(ResourceKind.PACKAGE, "p")).startsWith("3 of 3 models exited: ");
    }

    @Test
    void orphanThatGetsAState_keepsIt() {
        world.run(apply(packageYaml("p", "m")), report("n", "m/c=running"), report("n", "/other=running"));
        world.pass(CascadeRig.RULES.vanishGrace());
        world.run(new Command.Tick());
        world.run(delete(packageYaml("p")), model("m", ModelState.PAUSED));
        assertThat(world.modelState("m")).isEqualTo("Paused");
    }

    @Test
    void modelRecreatedInOneBatch_startsAgain() {
        world.run(apply(packageYaml("p", "m")), report("n", "m/c=exited:0"), report("n", "/other=running"));
        world.pass(CascadeRig.RULES.vanishGrace());
        world.run(new Command.Tick());
        assertThat(world.modelState("m")).isEqualTo("Exited");
        world.run(delete(packageYaml("p")), report("n", "m/c=exited:0"));
        assertThat(world.modelState("m")).isEqualTo("Exited");
        assertThat(world.history(ResourceKind.MODEL, "m")).containsExactly(">Exited", "Exited>", ">Exited");
    }

    @Test
    void plan_namesTheRecoveringPackages() {
        world.run(apply(packageYaml("p", "a"), packageYaml("q", "b")), model("a", ModelState.DEAD));
        Plan plan = plan(model("a", ModelState.RUNNING), model("b", ModelState.DEAD));
        assertThat(plan.recovering()).containsExactly("p");
        assertThat(plan.reconcileRecords()).containsExactly("p", "q");
        assertThat(plan(model("b", ModelState.DEAD)).recovering()).isEmpty();
        assertThat(Plan.NOTHING.recovering()).isEmpty();
    }

    @Test
    void reconcileRecord_existsWhileThePackageIsDeadAndKeepsItsTime() {
        world.run(apply(packageYaml("p", "a", "b")), model("a", ModelState.DEAD), model("b", ModelState.DEAD));
        String record = world.value(Keys.reconcile("p"));
        assertThat(record).contains("\"state\":\"Error\"").contains("b dead (requested by test)");
        world.pass(CascadeRig.RULES.vanishGrace());
        world.run(apply(packageYaml("p", "a"), scenarioYaml("s", "p")));
        assertThat(world.value(Keys.reconcile("p"))).isEqualTo(record);
        world.run(delete(packageYaml("p")));
        assertThat(world.value(Keys.reconcile("p"))).isNull();
    }
}
