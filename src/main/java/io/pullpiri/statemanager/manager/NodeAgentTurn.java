// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.artifact.PodSpec;
import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.NodeAgentHealing;
import io.pullpiri.statemanager.state.NodeAgentHealing.EndedContainer;
import io.pullpiri.statemanager.state.RestartPolicy;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.Transition;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Says how long NodeAgent's own healing of a dead model may still take; see {@link NodeAgentHealing}. It remembers when it first
 * saw each end of a container, because the clocks of nodes may differ from this one. The caller guards it.
 */
final class NodeAgentTurn {

    private final Map<String, DeadModel> models = new HashMap<>();

    /**
     * A dead model.
     *
     * @param artifact the text of its artifact; null for none
     * @param ends the ends of its containers, by node and id
     */
    private record DeadModel(@Nullable String artifact, PodSpec pod, Map<String, End> ends) {}

    /**
     * An end of a container.
     *
     * @param startedNanos when the container had started, by the clock of its node
     * @param seenNanos when the end was first seen, in {@link Timestamp#monotonicNanos}
     */
    private record End(long startedNanos, long seenNanos) {}

    /** Forgets a model that is not dead any more. */
    void forget(String model) {
        models.remove(model);
    }

    /** Returns what the artifact of a dead model says. It is read once. */
    PodSpec pod(ModelEntry model) {
        return known(model).pod;
    }

    private DeadModel known(ModelEntry model) {
        String artifact = model.artifactText().value();
        DeadModel known = models.get(model.name());
        if (known == null || !Objects.equals(known.artifact, artifact)) {
            known = new DeadModel(artifact, PodSpec.read(artifact), known == null ? new HashMap<>() : known.ends);
            models.put(model.name(), known);
        }
        return known;
    }

    /** Returns how many nanoseconds from now NodeAgent's turn at a dead model may take; 0 if it is over. */
    // [impl->req~rec-node-agent-first~1]
    long restNanos(ModelEntry model, Timestamp now) {
        DeadModel dead = known(model);
        PodSpec pod = dead.pod;
        if (pod.restartPolicy() == RestartPolicy.NEVER) {
            return 0;
        }
        long sinceDeath = sinceDeath(model, now);
        Map<String, End> seen = new HashMap<>();
        long rest = 0;
        boolean known = false;
        for (Map.Entry<String, List<Container>> ofNode : model.containers().entrySet()) {
            for (Container container : ofNode.getValue()) {
                if (container.state() != ContainerState.DEAD) {
                    continue;
                }
                known = true;
                String key = ofNode.getKey() + "/" + container.id();
                End end = end(dead.ends.get(key), container, sinceDeath, now);
                seen.put(key, end);
                long passed = now.monotonicNanos() - end.seenNanos;
                rest = Math.max(rest, rest(pod, container, passed, now));
            }
        }
        dead.ends.clear();
        dead.ends.putAll(seen);
        // A request or another component gave the model its state, and NodeAgent may know why.
        return known ? rest : Math.max(0, NodeAgentHealing.MARGIN.toNanos() - sinceDeath);
    }

    private static long rest(PodSpec pod, Container container, long passed, Timestamp now) {
        if (container.absent()) {
            // NodeAgent makes a container again that was removed, at once.
            long absentFor = TimeUnit.MILLISECONDS.toNanos(now.wallMillis() - container.absentSinceMillis());
            return NodeAgentHealing.MARGIN.toNanos() - absentFor;
        }
        Optional<Duration> turn = NodeAgentHealing.restartsAfter(
                pod.restartPolicy(),
                new EndedContainer(
                        pod.mayBeFirst(container.name()),
                        container.exitCode().isEmpty(),
                        container.restarts(),
                        ranFor(container)));
        return turn.map(after -> after.plus(NodeAgentHealing.MARGIN).toNanos() - passed)
                .orElse(0L);
    }

    private static Duration ranFor(Container container) {
        boolean known = container.startedNanos() > 0 && container.finishedNanos() > container.startedNanos();
        return known ? Duration.ofNanos(container.finishedNanos() - container.startedNanos()) : Duration.ZERO;
    }

    private static End end(@Nullable End known, Container container, long sinceDeath, Timestamp now) {
        if (known != null && known.startedNanos == container.startedNanos()) {
            return known;
        }
        // The first end that is seen made the model dead. A later one happened between two looks.
        return new End(container.startedNanos(), now.monotonicNanos() - (known == null ? sinceDeath : 0));
    }

    /** Returns how many nanoseconds ago a dead model died; 0 if that is not known. */
    static long sinceDeath(ModelEntry model, Timestamp now) {
        Transition latest = model.state().history().latest();
        return latest != null && latest.to().equals(ModelState.DEAD.title())
                ? Math.max(0, now.wallNanos() - latest.atNanos())
                : 0;
    }
}
