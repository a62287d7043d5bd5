// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.artifact.Artifact;
import org.jspecify.annotations.Nullable;

/**
 * The artifact of one resource.
 *
 * @param good the last good artifact, which is in force; null if none was seen since the store was last read
 * @param broken why the stored text cannot be used; null if it can be used or does not exist
 * @param text the artifact as it is stored
 */
public record TrackedArtifact<A extends Artifact>(
        @Nullable A good, @Nullable String broken, Versioned<String> text) {

    static <A extends Artifact> TrackedArtifact<A> empty() {
        return new TrackedArtifact<>(null, null, Versioned.absent());
    }

    /** Whether there is an artifact, good or broken, in the store or in the current plan. */
    public boolean exists() {
        return good != null || broken != null;
    }

    /** Whether an earlier good artifact is in force, because the stored one is broken. */
    public boolean isLastGoodInForce() {
        return good != null && broken != null;
    }

    /** Whether the stored artifact is broken, and no good one was seen since the store was last read. */
    public boolean isBrokenWithoutGood() {
        return good == null && broken != null;
    }

    /** Notes that the stored text cannot be used. The last good artifact stays in force. */
    public TrackedArtifact<A> broken(String reason, Versioned<String> newText) {
        return new TrackedArtifact<>(good, reason, newText);
    }

    /** The artifact with another stored text. */
    public TrackedArtifact<A> with(Versioned<String> newText) {
        return new TrackedArtifact<>(good, broken, newText);
    }
}
