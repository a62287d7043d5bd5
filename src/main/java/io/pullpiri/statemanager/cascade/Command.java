// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.ArtifactWarnings;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.view.OffloadRequest;
import io.pullpiri.statemanager.view.StoreKey;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An input of the loop that can change states. The names in commands are valid ({@code Names.problem} is null for them). */
public sealed interface Command {

    /** The estimated memory of a caller's command in bytes; 0 for a command without a caller. */
    long bytes();

    /**
     * The container list of one node. It replaces the node's previous report.
     *
     * @param peer the address that it came from; empty if it is not known
     */
    record NodeReport(String node, String peer, List<ContainerFacts> containers) implements Command {

        public NodeReport(String node, List<ContainerFacts> containers) {
            this(node, "", containers);
        }

        @Override
        public long bytes() {
            long bytes = 100;
            for (ContainerFacts facts : containers) {
                bytes += facts.bytes();
            }
            return bytes;
        }
    }

    /**
     * The containers of a node as Pullpiri's store has them. They count as a report only if the node has not reported.
     *
     * @param quietSinceNanos the command is ignored if the node reported after this time, in {@code
     *     Timestamp.monotonicNanos}
     */
    record StoredContainers(String node, List<ContainerFacts> containers, long quietSinceNanos) implements Command {

        @Override
        public long bytes() {
            return new NodeReport(node, containers).bytes();
        }
    }

    /**
     * A request to give a model a state.
     *
     * @param source the name of the requester, for the history
     */
    record ModelChange(String model, ModelState target, String transitionId, String source) implements Command {

        @Override
        public long bytes() {
            return 200L + transitionId.length() + source.length();
        }
    }

    /**
     * A request to take a scenario a step further.
     *
     * @param current the scenario's state according to the requester; null if the request has none. Without it, the target
     *     idle is ApiServer's announcement of a new or re-applied scenario.
     * @param atNanos when the request was made, by the requester's clock, nanoseconds since 1970
     * @param source the name of the requester, for the history
     */
    record ScenarioChange(
            String scenario,
            @Nullable ScenarioState current,
            ScenarioState target,
            String transitionId,
            long atNanos,
            String source)
            implements Command {

        /** Whether this is ApiServer's announcement: the scenario becomes idle from any state. */
        public boolean isAnnouncement() {
            return current == null && target == ScenarioState.IDLE;
        }

        @Override
        public long bytes() {
            return 200L + transitionId.length() + source.length();
        }
    }

    /**
     * A request to forget a node: its containers and then its record are removed.
     *
     * @param force whether to forget it although it reported a short time ago, or a container of it counts as running
     * @param source the name of the requester, for the history
     */
    record ForgetNode(String node, boolean force, String source) implements Command {

        @Override
        public long bytes() {
            return 200L + source.length();
        }
    }

    /**
     * Counts a restart in place of a dead model, before ActionController is asked for it.
     *
     * @param attempt its number, from 1
     */
    record CountRestart(String model, int attempt) implements Command {

        @Override
        public long bytes() {
            return 200L;
        }
    }

    /** A request to count the restarts in place of a package's models from the beginning. */
    record ForgetRestarts(String packageName) implements Command {

        @Override
        public long bytes() {
            return 200L;
        }
    }

    /**
     * An operator's artifacts to store.
     *
     * @param warnings probable mistakes in the artifacts, for the answer; at most 21
     */
    record ApplyArtifacts(List<Artifact> artifacts, List<String> warnings) implements Command {

        public ApplyArtifacts(List<Artifact> artifacts) {
            this(artifacts, List.of());
        }

        @Override
        public long bytes() {
            return memory(artifacts)
                    + warnings.stream()
                            .mapToLong(text -> 50 + 2L * text.length())
                            .sum();
        }

        /** Reads artifacts like {@link #parse(String, boolean)}, where a warning is no error. */
        public static ApplyArtifacts parse(String yaml) {
            return parse(yaml, false);
        }

        /**
         * Reads artifacts from YAML.
         *
         * @param yaml one or more documents
         * @param strict whether a warning is an error
         * @throws IllegalArgumentException if one of them is broken, if two are the same artifact, or if there is none
         */
        public static ApplyArtifacts parse(String yaml, boolean strict) {
            ArtifactWarnings warnings = new ArtifactWarnings();
            List<Artifact> artifacts;
            try {
                artifacts = ArtifactParser.requireDistinct(ArtifactParser.parseAll(yaml, warnings::add));
            } catch (BrokenArtifactException e) {
                throw new IllegalArgumentException(e.reason(), e);
            }
            List<String> messages = warnings.messages();
            if (strict && !messages.isEmpty()) {
                throw new IllegalArgumentException("strict: " + String.join("; ", messages));
            }
            return new ApplyArtifacts(artifacts, messages);
        }
    }

    /** An operator's artifacts to delete. Only kind and name count. */
    record DeleteArtifacts(List<Artifact> artifacts) implements Command {

        @Override
        public long bytes() {
            return memory(artifacts);
        }

        /**
         * Reads the kinds and names of artifacts from YAML.
         *
         * @param yaml one or more documents, of which only kind and metadata.name must be valid
         * @throws IllegalArgumentException if one of them has no kind or name, or if there is none
         */
        public static DeleteArtifacts parse(String yaml) {
            try {
                return new DeleteArtifacts(ArtifactParser.requireDistinct(ArtifactParser.parseNames(yaml)));
            } catch (BrokenArtifactException e) {
                throw new IllegalArgumentException(e.reason(), e);
            }
        }
    }

    /**
     * Records a move of a model, before ActionController is called.
     *
     * @param transitionId the id of the move
     */
    record BeginOffload(OffloadRequest request, String transitionId) implements Command {

        @Override
        public long bytes() {
            return request.bytes() + transitionId.length();
        }
    }

    /**
     * Records the end of the call that moves a model. It changes nothing if another move is recorded by now.
     *
     * @param transitionId the id of the move
     * @param outcome what became of the call
     * @param message what ActionController answered, or why there is no answer
     * @param settle how long after this the reports of the nodes may still change what became of the model
     */
    record EndOffload(String model, String transitionId, OffloadOutcome outcome, String message, Duration settle)
            implements Command {

        @Override
        public long bytes() {
            return 200L + transitionId.length() + message.length();
        }
    }

    /** What became of a call to ActionController that moves a model. */
    enum OffloadOutcome {
        /** It says that it has moved the model. */
        SUCCEEDED,
        /** It refused, failed or did not answer. The model may be stopped on its source nevertheless. */
        FAILED,
        /** The call was never sent. The move leaves no trace. */
        NOT_SENT
    }

    /**
     * What the mirror found in Pullpiri's store.
     *
     * @param artifacts the artifacts that differ from those of our store
     * @param deleted the keys of artifacts that were deleted there; only those that the mirror brought are deleted
     * @param firstStates the states of scenarios there, by name, for scenarios that have none here; null if they were taken
     *     over before
     */
    record MirrorArtifacts(
            List<Artifact> artifacts,
            List<StoreKey.ArtifactKey> deleted,
            @Nullable Map<String, ScenarioState> firstStates)
            implements Command {

        @Override
        public long bytes() {
            return memory(artifacts) + 200L * deleted.size() + (firstStates == null ? 0 : 200L * firstStates.size());
        }
    }

    /**
     * Keys as the store has them, written by another component or by StateManager.
     *
     * @param read true for values that were read after a conflict; the watch may still deliver these and older events of the
     *     keys
     */
    record StoreEvents(List<WatchEvent> events, boolean read) implements Command {
        @Override
        public long bytes() {
            return 0;
        }
    }

    /** The time for which grace periods may have ended and repairs may be due. */
    record Tick() implements Command {
        @Override
        public long bytes() {
            return 0;
        }
    }

    /** The first command after the store was read: repairs what differs from the rules. */
    record Repair() implements Command {
        @Override
        public long bytes() {
            return 0;
        }
    }

    /** The estimated memory of artifacts in bytes: their texts, and as much for the parsed values. */
    private static long memory(List<Artifact> artifacts) {
        return artifacts.stream()
                .mapToLong(artifact -> 200 + 2L * artifact.yaml().length())
                .sum();
    }
}
