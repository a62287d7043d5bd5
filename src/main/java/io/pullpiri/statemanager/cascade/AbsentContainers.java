// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.view.Absence;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.ContainerTimers;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.Timestamp;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Decides how long a container counts that the lists of its node leave out, whether it was stopped on purpose, and whether it
 * counts as dead after its removal. Changes nothing.
 */
final class AbsentContainers {

    /** The most removed containers of one model on one node. A pod that is created again and again may have ever new names. */
    static final int MOST_REMOVED = 16;

    private final ViewBuilder builder;

    AbsentContainers(ViewBuilder builder) {
        this.builder = builder;
    }

    /** The containers of a node, the listed and the absent ones, with their times. */
    record Counted(TreeMap<String, Container> containers, ContainerTimers timers) {}

    /** Returns the containers of a list, without any that it leaves out. */
    Counted listed(NodeEntry before, SortedMap<String, Container> list) {
        TreeMap<String, Container> containers = new TreeMap<>();
        Map<String, Long> stoppedSince = new HashMap<>();
        for (Container each : list.values()) {
            Container old = before.containers().get(each.name());
            Container container = old == null ? each : each.withRestarts(old.restartsUntil(each));
            long since = builder.now().monotonicNanos();
            if (old != null && container.endedAs(old)) {
                containers.put(container.name(), container.stoppedSince(old.stoppedSinceMillis()));
                since = before.timers().stoppedSince().getOrDefault(container.name(), since);
            } else {
                containers.put(container.name(), container);
            }
            if (container.stoppedSinceMillis() != 0) {
                stoppedSince.put(container.name(), since);
            }
        }
        return new Counted(containers, new ContainerTimers(Map.of(), stoppedSince));
    }

    /**
     * Returns the containers of a list, and those that it leaves out and that count nevertheless.
     *
     * @param isEmpty whether the node reported no container at all, not even an infra container
     */
    // [impl->req~lst-grace~2]
    // [impl->req~lst-empty~1]
    Counted merge(NodeEntry before, SortedMap<String, Container> list, boolean isEmpty) {
        Counted listed = listed(before, list);
        TreeMap<String, Container> containers = listed.containers();
        Map<String, Long> graceEnds = new HashMap<>();
        Map<String, Long> stoppedSince = new HashMap<>(listed.timers().stoppedSince());
        Timestamp now = builder.now();
        long graceEnd = now.monotonicNanos() + grace(isEmpty, builder.rules()).toNanos();
        for (Container old : before.containers().values()) {
            if (containers.containsKey(old.name())) {
                continue;
            }
            if (old.absence() == Absence.REMOVED) {
                containers.put(old.name(), old);
                continue;
            }
            Long since = before.timers().stoppedSince().get(old.name());
            if (since != null) {
                stoppedSince.put(old.name(), since);
            }
            Absence absence = isEmpty
                    ? old.absence() == null ? Absence.MISSED : old.absence()
                    : old.absence() == Absence.STOPPED || isStopped(old, since) ? Absence.STOPPED : Absence.LEFT_OUT;
            long oldEnd = before.timers().graceEnds().getOrDefault(old.name(), Long.MAX_VALUE);
            graceEnds.put(old.name(), Math.min(oldEnd, graceEnd));
            containers.put(
                    old.name(),
                    old.absent(
                            old.absent() ? old.absentSinceMillis() : now.wallMillis(),
                            graceEnd < oldEnd ? wallMillis(graceEnd) : old.goneAtMillis(),
                            absence));
        }
        return new Counted(containers, new ContainerTimers(graceEnds, stoppedSince));
    }

    private static Duration grace(boolean onlyEmptyLists, Rules rules) {
        return onlyEmptyLists ? rules.emptyGrace() : rules.vanishGrace();
    }

    private long wallMillis(long monotonicNanos) {
        Timestamp now = builder.now();
        return TimeUnit.NANOSECONDS.toMillis(now.wallNanos() + monotonicNanos - now.monotonicNanos());
    }

    // [impl->req~lst-stop~1]
    private boolean isStopped(Container old, @Nullable Long since) {
        return old.state() == ContainerState.DEAD
                && since != null
                && builder.now().monotonicNanos() - since
                        <= builder.rules().stopWindow().toNanos();
    }

    /** Returns the containers of a node without those whose grace period is over; a dead one may stay as removed. */
    // [impl->req~lst-removed~1]
    Counted expire(NodeEntry node) {
        TreeMap<String, Container> containers = new TreeMap<>(node.containers());
        Map<String, Long> graceEnds = new HashMap<>(node.timers().graceEnds());
        Map<String, Long> stoppedSince = new HashMap<>(node.timers().stoppedSince());
        node.timers().graceEnds().forEach((name, end) -> {
            Container container = containers.get(name);
            if (container == null || end > builder.now().monotonicNanos()) {
                return;
            }
            graceEnds.remove(name);
            stoppedSince.remove(name);
            if (container.state() == ContainerState.DEAD
                    && container.absence() != Absence.STOPPED
                    && staysDead(node.name(), container)) {
                containers.put(name, container.removed());
                limitRemoved(containers, container.model());
            } else {
                containers.remove(name);
            }
        });
        return new Counted(containers, new ContainerTimers(graceEnds, stoppedSince));
    }

    /** Removes the oldest removed container of a model if there are too many. The model stays dead, as others are left. */
    private void limitRemoved(SortedMap<String, Container> containers, @Nullable String model) {
        List<Container> removed = containers.values().stream()
                .filter(each -> each.absence() == Absence.REMOVED && each.belongsTo(model))
                .sorted(Comparator.comparingLong(Container::absentSinceMillis).thenComparing(Container::name))
                .toList();
        if (removed.size() > MOST_REMOVED) {
            containers.remove(removed.getFirst().name());
            builder.addLimited(
                    "removed-containers",
                    "model",
                    "removed containers: model %s has more than %d dead ones on one node that were removed; the oldest is dropped"
                            .formatted(model, MOST_REMOVED));
        }
    }

    /**
     * Whether a dead container goes on counting after its removal from a node: a package names its model, and no other node has
     * a container of its name and model.
     */
    boolean staysDead(String node, Container container) {
        if (container.model() == null) {
            return false;
        }
        ModelEntry model = builder.model(container.model());
        return builder.mayBeNamed(model)
                && model.containers().entrySet().stream()
                        .noneMatch(of -> !of.getKey().equals(node) && replaces(of.getValue(), container.name()));
    }

    private static boolean replaces(Collection<Container> ofModel, String name) {
        return ofModel.stream()
                .anyMatch(
                        each -> each.absence() != Absence.REMOVED && each.name().equals(name));
    }

    /**
     * Computes the times of stored containers. A grace period goes on with the time that is left, and is never longer than its
     * setting, even if the clock has jumped. A record of an older version does not say when it ends, so it starts again.
     */
    static ContainerTimers timers(Collection<Container> containers, Rules rules, Timestamp now) {
        Map<String, Long> graceEnds = new HashMap<>();
        Map<String, Long> stoppedSince = new HashMap<>();
        for (Container container : containers) {
            if (container.absent() && container.absence() != Absence.REMOVED) {
                long most = grace(container.absence() == Absence.MISSED, rules).toNanos();
                long left = container.goneAtMillis() == 0
                        ? most
                        : TimeUnit.MILLISECONDS.toNanos(container.goneAtMillis()) - now.wallNanos();
                graceEnds.put(container.name(), now.monotonicNanos() + Math.clamp(left, 0, most));
            }
            if (container.stoppedSinceMillis() != 0) {
                long past = now.wallNanos() - TimeUnit.MILLISECONDS.toNanos(container.stoppedSinceMillis());
                stoppedSince.put(container.name(), now.monotonicNanos() - Math.max(0, past));
            }
        }
        return new ContainerTimers(graceEnds, stoppedSince);
    }
}
