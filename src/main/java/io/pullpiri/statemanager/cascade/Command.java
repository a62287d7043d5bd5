package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.ArtifactWarnings;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.WatchEvent;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Everything that can change a state. Names in commands are valid ({@code Names.problem} is null for them). */
public sealed interface Command {

    /** About how much memory a caller's command takes, in bytes; 0 for what no caller has sent. */
    long bytes();

    /**
     * The whole container list of one node at one moment: it replaces what the node said before, and nothing else.
     *
     * @param peer the address that it came from; empty if that is not known
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
     * A request to give a model a state.
     *
     * @param source who asks, for the history
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
     * @param current what the requester takes for its state, null if it says nothing: with the target idle this is
     *     ApiServer's announcement of a new or re-applied scenario
     */
    record ScenarioChange(
            String scenario, @Nullable ScenarioState current, ScenarioState target, String transitionId, String source)
            implements Command {

        @Override
        public long bytes() {
            return 200L + transitionId.length() + source.length();
        }
    }

    /**
     * A request to forget a node: its containers are gone, and then the node is.
     *
     * @param force although it reported a short time ago, or one of its containers counts as running
     * @param source who asks, for the history
     */
    record ForgetNode(String node, boolean force, String source) implements Command {

        @Override
        public long bytes() {
            return 200L + source.length();
        }
    }

    /**
     * An operator's artifacts, to be stored.
     *
     * @param warnings what their author probably did not mean, for the answer; a few at most
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

        /** Like {@link #parse(String, boolean)}, not strict. */
        public static ApplyArtifacts parse(String yaml) {
            return parse(yaml, false);
        }

        /**
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

    /** An operator's artifacts, to be deleted: only kind and name count. */
    record DeleteArtifacts(List<Artifact> artifacts) implements Command {

        @Override
        public long bytes() {
            return memory(artifacts);
        }

        /**
         * @param yaml one or more documents, of which only kind and metadata.name need be good
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
     * Keys as the store has them: somebody else wrote them, or we did.
     *
     * @param read whether they were read, ahead of what the watch will say of them; otherwise the watch says so
     */
    record StoreEvents(List<WatchEvent> events, boolean read) implements Command {
        @Override
        public long bytes() {
            return 0;
        }
    }

    /** Time has passed: grace periods may have ended and repairs may be due. */
    record Tick() implements Command {
        @Override
        public long bytes() {
            return 0;
        }
    }

    /** The view was read from the store anew: what differs from the rules is repaired. */
    record Repair() implements Command {
        @Override
        public long bytes() {
            return 0;
        }
    }

    /** Their texts, and about as much for what was read of them. */
    private static long memory(List<Artifact> artifacts) {
        return artifacts.stream()
                .mapToLong(artifact -> 200 + 2L * artifact.yaml().length())
                .sum();
    }
}
