package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.artifact.Artifact;
import org.jspecify.annotations.Nullable;

/**
 * The artifact of one resource.
 *
 * @param good the last good one, in force; null if none was seen since the store was last read
 * @param broken why the stored text cannot be used, null if it can, or if there is none
 * @param text the artifact as it is stored
 */
public record TrackedArtifact<A extends Artifact>(
        @Nullable A good, @Nullable String broken, Versioned<String> text) {

    static <A extends Artifact> TrackedArtifact<A> empty() {
        return new TrackedArtifact<>(null, null, Versioned.absent());
    }

    /** Whether the store has an artifact, good or broken, or is about to have it. */
    public boolean exists() {
        return good != null || broken != null;
    }

    /** Whether an earlier good artifact is in force because the stored one is broken. */
    public boolean isLastGoodInForce() {
        return good != null && broken != null;
    }

    /** Whether nothing is known of what the store has: it is broken, and no good one was seen since the store was last read. */
    public boolean isUnparsable() {
        return good == null && broken != null;
    }

    /** The stored text cannot be used: the last good artifact stays in force. */
    public TrackedArtifact<A> broken(String reason, Versioned<String> newText) {
        return new TrackedArtifact<>(good, reason, newText);
    }

    public TrackedArtifact<A> with(Versioned<String> newText) {
        return new TrackedArtifact<>(good, broken, newText);
    }
}
