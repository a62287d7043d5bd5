// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.view.Journal.Subject;
import org.jspecify.annotations.Nullable;

/**
 * What the view holds of one resource that has a state: a package, a model or a scenario. Immutable. Code that treats all
 * kinds alike uses this type; code that must distinguish them uses an exhaustive {@code switch}.
 */
public sealed interface ResourceEntry<S extends NamedState> permits PackageEntry, ModelEntry, ScenarioEntry {

    /** The estimated memory of a new resource in bytes. */
    long NEW_BYTES = 1_000;

    /** The entry of a resource of which nothing is known. The kind must have states. */
    static ResourceEntry<?> empty(ResourceKind kind, String name) {
        return switch (kind) {
            case PACKAGE -> PackageEntry.empty(name);
            case MODEL -> ModelEntry.empty(name);
            case SCENARIO -> ScenarioEntry.empty(name);
            case NODE -> throw new IllegalArgumentException("kind: " + kind + " (expected: one that has states)");
        };
    }

    String name();

    ResourceKind kind();

    TrackedState<S> state();

    /** The resource's artifact as the store has it. */
    Versioned<String> artifactText();

    ResourceEntry<S> with(TrackedState<S> newState);

    ResourceEntry<S> withArtifactText(Versioned<String> newText);

    /** Reads a state of this kind in any spelling; null for a text that is none. */
    @Nullable
    S parseState(String text);

    /** Whether something refers to the resource: an artifact, or for a model a package or a container. */
    boolean anchored();

    /** Whether the entry can be dropped because nothing is known of the resource any more. */
    boolean isVoid();

    /** The estimated memory of the entry in bytes. */
    long bytes();

    default Subject subject() {
        return new Subject(kind(), name());
    }

    default ResourceEntry<S> with(History newHistory) {
        return with(state().with(newHistory));
    }

    /**
     * The entry after its state key was read from the store; the state in force stays.
     *
     * @param text null for a key that does not exist
     */
    default ResourceEntry<S> withStored(@Nullable String text, long revision) {
        return with(state().with(text == null ? Versioned.<S>absent() : new Versioned<>(parseState(text), revision)));
    }

    /** The entry after its state in force was committed; the revision is 0 if the key was deleted. */
    default ResourceEntry<S> withStateCommitted(long revision) {
        return with(state().with(new Versioned<>(state().value(), revision)));
    }
}
