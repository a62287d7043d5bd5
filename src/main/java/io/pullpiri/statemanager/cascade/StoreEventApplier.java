// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.view.Transition.BY_STORE;

import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.artifact.ModelArtifact;
import io.pullpiri.statemanager.artifact.OtherArtifact;
import io.pullpiri.statemanager.artifact.PackageArtifact;
import io.pullpiri.statemanager.artifact.ScenarioArtifact;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.StoreKey;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.Versioned;
import org.jspecify.annotations.Nullable;

/** Applies store events: writes of other components change the view, StateManager's own and old events are dropped. */
final class StoreEventApplier {

    private static final String BY_ANOTHER = "written into the store by another component";

    private final ViewBuilder builder;
    private final StatePropagation propagation;
    private final ArtifactHandler artifacts;

    StoreEventApplier(ViewBuilder builder, StatePropagation propagation, ArtifactHandler artifacts) {
        this.builder = builder;
        this.propagation = propagation;
        this.artifacts = artifacts;
    }

    /**
     * Applies one event. An event at or below the known revision of its key is dropped.
     *
     * @param read whether the value was read after a conflict; see {@link Command.StoreEvents}
     */
    void apply(WatchEvent event, boolean read) {
        if (!(StoreKey.parse(event.key()) instanceof StoreKey.WatchedKey key) || isOld(key, event, read)) {
            return;
        }
        String value = event.value();
        switch (key) {
            case StoreKey.StateKey(ResourceKind kind, String name) ->
                state(builder.resource(kind, name), value, event.revision());
            case StoreKey.ArtifactKey(ResourceKind kind, String name) ->
                artifact(kind, name, value == null ? Versioned.absent() : new Versioned<>(value, event.revision()));
        }
    }

    private boolean isOld(StoreKey.WatchedKey key, WatchEvent event, boolean read) {
        Long gone = builder.tombstone(event.key());
        if (gone != null) {
            boolean old = event.revision() <= gone;
            if (!old || event.value() == null) {
                builder.removeTombstone(event.key());
            }
            if (old) {
                return true;
            }
        }
        long known = key.revisionIn(builder.resource(key.kind(), key.name()));
        if (event.revision() <= known || (event.value() == null && known == 0)) {
            return true;
        }
        if (read && event.value() == null) {
            // The watch will still report the events that led to this deletion.
            builder.putTombstone(event.key(), event.revision());
        }
        return false;
    }

    // [impl->req~bad-store~1]
    private <S extends NamedState> void state(ResourceEntry<S> before, @Nullable String text, long revision) {
        ResourceEntry<S> entry = before.withStored(text, revision);
        builder.put(entry);
        S value = entry.state().stored().value();
        if (entry instanceof PackageEntry packageEntry) {
            repairIfOverwritten(packageEntry, text);
        } else if (text != null && value == null) {
            builder.addAnomaly(
                    "nonsense-state",
                    entry.kind().label() + " " + entry.name() + ": its key holds '" + LogText.excerpt(text, 60)
                            + "' (expected: a state of a " + entry.kind().label() + "); it is ignored");
        } else {
            // The key is the fact, and the last writer wins.
            propagation.setState(entry, value, "", text == null ? "its key was deleted" : BY_ANOTHER, BY_STORE);
            restoreIdle(entry.kind(), entry.name());
        }
    }

    /** Only StateManager may write a package's state: another state is overwritten, at most once a second. */
    private void repairIfOverwritten(PackageEntry entry, @Nullable String text) {
        PackageState value = entry.state().stored().value();
        boolean right = text == null
                ? entry.state().value() == null
                : value == entry.state().value() && value != null;
        if (right) {
            builder.setOverwritten(entry.name(), false);
            return;
        }
        builder.addAnomaly(
                "package-overwritten",
                "the state of package " + entry.name() + " was "
                        + (text == null ? "deleted" : "overwritten with '" + LogText.excerpt(text, 60) + "'")
                        + "; StateManager restores it");
        propagation.repairOverwritten(entry);
    }

    /** A scenario with an artifact always has a state. */
    private void restoreIdle(ResourceKind kind, String name) {
        if (builder.resource(kind, name) instanceof ScenarioEntry entry
                && entry.state().value() == null
                && entry.artifact().good() != null) {
            propagation.setState(entry, ScenarioState.IDLE, "", "its artifact is there", Transition.BY_STATE_MANAGER);
        }
    }

    private void artifact(ResourceKind kind, String name, Versioned<String> text) {
        String yaml = text.value();
        if (yaml == null) {
            artifacts.gone(kind, name, text, BY_STORE);
            return;
        }
        // What another component writes is not what the mirror of Pullpiri's store brought.
        builder.setMark(Keys.artifact(kind.artifactKind(), name), false);
        if (kind == ResourceKind.MODEL) {
            artifacts.setModel(name, text);
            return;
        }
        try {
            Artifact read = ArtifactHandler.read(kind, name, yaml);
            ArtifactHandler.warnOfNames(builder, read);
            switch (read) {
                case PackageArtifact artifact -> artifacts.setPackage(name, artifact, text, BY_STORE);
                case ScenarioArtifact artifact -> artifacts.setScenario(name, artifact, text, BY_STORE);
                case ModelArtifact other -> throw new AssertionError(other);
                case OtherArtifact other -> throw new AssertionError(other);
            }
        } catch (BrokenArtifactException e) {
            artifacts.broken(kind, name, e.reason(), text);
        }
    }
}
