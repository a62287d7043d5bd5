// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The specification's rules for container lists, written independently of the code under test: which containers count at a
 * moment is computed from all lists so far. Times are in nanoseconds.
 */
public final class ContainerListTable {

    private static final long SECOND = 1_000_000_000L;
    private static final long VANISH_GRACE = 3 * SECOND;
    private static final long EMPTY_GRACE = 30 * SECOND;
    private static final long STOP_WINDOW = 15 * SECOND;

    /** A start reads times in milliseconds, so two moments this close to each other may come in either order. */
    private static final long CLOSE = 2_000_000;

    /** A list, with podman's status of each container by name. All containers belong to one model. */
    private record Sent(long at, Map<String, String> containers) {}

    /** From when on the model is named by a package, or is not. */
    private record Naming(long at, boolean named) {}

    private final Map<String, List<Sent>> lists = new TreeMap<>();
    private final List<Naming> namings = new ArrayList<>();

    /** Adds a node's list. */
    public void list(String node, long at, Map<String, String> containers) {
        lists.computeIfAbsent(node, any -> new ArrayList<>()).add(new Sent(at, Map.copyOf(containers)));
    }

    /** Notes whether a package names the model from now on. */
    public void named(long at, boolean isNamed) {
        namings.add(new Naming(at, isNamed));
    }

    /** Returns the states of a node's containers that count at a moment, with {@code removed} after the state of a removed one. */
    public Map<String, String> counted(String node, long now) {
        Map<String, String> counted = new TreeMap<>();
        for (String name : names(node)) {
            Presence presence = presence(node, name, now);
            if (presence == null) {
                continue;
            }
            String state = SpecificationTables.containerState(presence.status);
            if (now < presence.end) {
                counted.put(name, state);
            } else if (state.equals("DEAD") && !presence.stopped && staysDead(node, name, presence.end, now)) {
                counted.put(name, state + " removed");
            }
        }
        return counted;
    }

    /** Whether a moment is so close to a limit, or two nodes' limits so close to each other, that the answer is not sure. */
    public boolean isClose(long now) {
        List<Presence> elsewhere = new ArrayList<>();
        for (String node : lists.keySet()) {
            List<Presence> here = names(node).stream()
                    .flatMap(name -> Stream.ofNullable(presence(node, name, now)))
                    .toList();
            for (Presence each : here) {
                if (each.close
                        || isClose(each.end, now)
                        || elsewhere.stream().anyMatch(other -> isClose(other.end, each.end))) {
                    return true;
                }
            }
            elsewhere.addAll(here);
        }
        return false;
    }

    private static boolean isClose(long one, long other) {
        return one != Long.MAX_VALUE && Math.abs(one - other) < CLOSE;
    }

    private List<String> names(String node) {
        return lists.getOrDefault(node, List.of()).stream()
                .flatMap(list -> list.containers.keySet().stream())
                .distinct()
                .toList();
    }

    /**
     * A container since it was named last.
     *
     * @param end when it is gone; {@code Long.MAX_VALUE} if it is not absent
     * @param stopped whether it was stopped on purpose
     * @param close whether that was decided close to the limit
     */
    private record Presence(String status, long end, boolean stopped, boolean close) {

        Presence until(long newEnd) {
            return new Presence(status, Math.min(end, newEnd), stopped, close);
        }
    }

    /** Returns the presence of a container up to a moment; null if no list named it. */
    private @Nullable Presence presence(String node, String name, long now) {
        Presence presence = null;
        long dead = 0;
        Long firstEmpty = null;
        Long firstOther = null;
        for (Sent list : lists.getOrDefault(node, List.of())) {
            if (list.at > now) {
                break;
            }
            String status = list.containers.get(name);
            if (status != null) {
                boolean sameRun = presence != null && presence.status.equals(status) && list.at < presence.end;
                dead = sameRun ? dead : list.at;
                firstEmpty = null;
                firstOther = null;
                presence = new Presence(status, Long.MAX_VALUE, false, presence != null && presence.close);
            } else if (presence != null) {
                boolean wasThere = list.at < presence.end;
                if (list.containers.isEmpty()) {
                    firstEmpty = firstEmpty == null ? list.at : firstEmpty;
                } else if (firstOther == null) {
                    firstOther = list.at;
                    boolean killed = presence.status.equals("exited:137");
                    boolean stopped = wasThere && killed && list.at - dead <= STOP_WINDOW;
                    boolean close = presence.close
                            || (killed && Math.abs(list.at - dead - STOP_WINDOW) < CLOSE)
                            || isClose(presence.end, list.at);
                    presence = new Presence(presence.status, presence.end, stopped, close);
                }
                long end = Math.min(
                        firstEmpty == null ? Long.MAX_VALUE : firstEmpty + EMPTY_GRACE,
                        firstOther == null ? Long.MAX_VALUE : firstOther + VANISH_GRACE);
                presence = presence.until(end);
            }
        }
        return presence;
    }

    /** Whether a dead container has gone on counting from its removal until now: the model was named, and no other existed. */
    private boolean staysDead(String node, String name, long end, long now) {
        List<Long> moments = new ArrayList<>(List.of(end, now));
        lists.values().forEach(all -> all.forEach(list -> moments.add(list.at)));
        namings.forEach(naming -> moments.add(naming.at));
        return moments.stream()
                .filter(moment -> moment >= end && moment <= now)
                .allMatch(moment -> isNamed(moment)
                        && lists.keySet().stream().noneMatch(other -> {
                            Presence there = other.equals(node) ? null : presence(other, name, moment);
                            return there != null && moment < there.end;
                        }));
    }

    private boolean isNamed(long moment) {
        boolean named = false;
        for (Naming naming : namings) {
            if (naming.at <= moment) {
                named = naming.named;
            }
        }
        return named;
    }
}
