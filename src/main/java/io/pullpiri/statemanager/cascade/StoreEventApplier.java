package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.view.Transition.BY_STORE;

import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.artifact.PackageArtifact;
import io.pullpiri.statemanager.artifact.ScenarioArtifact;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.Transaction.Write;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.StoreKey;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.Versioned;
import org.jspecify.annotations.Nullable;

/** Keeps a draft the mirror of the store: takes in what others wrote, and what we have written ourselves. */
final class StoreEventApplier {

    private static final String BY_ANOTHER = "written into the store by another component";

    private final ViewBuilder builder;
    private final ArtifactHandler artifacts;

    StoreEventApplier(ViewBuilder builder, ArtifactHandler artifacts) {
        this.builder = builder;
        this.artifacts = artifacts;
    }

    /**
     * Takes in a key as the store has it; drops what is our own or older than what is known.
     *
     * @param read whether it was read, ahead of the watch
     */
    void apply(WatchEvent event, boolean read) {
        StoreKey key = StoreKey.parse(event.key());
        if (key == null || !key.kind().isWatched() || isOld(event, read)) {
            return;
        }
        String name = key.name();
        String value = event.value();
        switch (key.kind()) {
            case PACKAGE_STATE -> packageState(name, value, event.revision());
            case MODEL_STATE -> modelState(name, value, event.revision());
            case SCENARIO_STATE -> scenarioState(name, value, event.revision());
            case PACKAGE_ARTIFACT -> artifact(PackageArtifact.KIND, name, stored(value, event.revision()));
            case SCENARIO_ARTIFACT -> artifact(ScenarioArtifact.KIND, name, stored(value, event.revision()));
            case MODEL_ARTIFACT -> artifacts.setModel(name, stored(value, event.revision()));
            case RECONCILE, JOURNAL, NODE -> throw new AssertionError(key);
        }
    }

    private static Versioned<String> stored(@Nullable String value, long revision) {
        return value == null ? Versioned.absent() : new Versioned<>(value, revision);
    }

    private boolean isOld(WatchEvent event, boolean read) {
        Long gone = builder.tombstones.get(event.key());
        if (gone != null) {
            boolean old = event.revision() <= gone;
            if (!old || event.value() == null) {
                builder.tombstones = builder.tombstones.minus(event.key());
            }
            if (old) {
                return true;
            }
        }
        long known = builder.view().revision(event.key());
        if (event.revision() <= known || (event.value() == null && known == 0)) {
            return true;
        }
        if (read && event.value() == null) {
            // The watch has still to tell what led to this.
            builder.tombstones = builder.tombstones.plus(event.key(), event.revision());
        }
        return false;
    }

    /** Nobody else may write a package's state: it is put right, at most once a second. */
    private void packageState(String name, @Nullable String text, long revision) {
        PackageState value = text == null ? null : PackageState.parse(text);
        PackageEntry entry = builder.packageEntry(name);
        entry = entry.with(
                entry.state().with(text == null ? Versioned.<PackageState>absent() : new Versioned<>(value, revision)));
        builder.put(entry);
        boolean right = text == null
                ? entry.state().value() == null
                : value == entry.state().value() && value != null;
        if (right) {
            builder.overwritten = builder.overwritten.minus(name);
            return;
        }
        builder.addAnomaly(
                "package-overwritten",
                "the state of package " + name + " was "
                        + (text == null ? "deleted" : "overwritten with '" + LogText.excerpt(text, 60) + "'")
                        + "; it is put right");
        if (builder.mayRepair(entry)) {
            builder.touchedPackages.add(name);
        }
    }

    /** The key is the fact, and the last writer wins; nonsense is passed over. */
    private void modelState(String name, @Nullable String text, long revision) {
        ModelState value = text == null ? null : ModelState.parse(text);
        ModelEntry entry = builder.model(name);
        builder.put(entry.with(
                entry.state().with(text == null ? Versioned.<ModelState>absent() : new Versioned<>(value, revision))));
        if (text != null && value == null) {
            nonsense("model", name, text);
            return;
        }
        builder.setModel(name, value, "", text == null ? "its key was deleted" : BY_ANOTHER, BY_STORE);
    }

    private void scenarioState(String name, @Nullable String text, long revision) {
        ScenarioState value = text == null ? null : ScenarioState.parse(text);
        ScenarioEntry entry = builder.scenario(name);
        builder.put(entry.with(entry.state()
                .with(text == null ? Versioned.<ScenarioState>absent() : new Versioned<>(value, revision))));
        if (text != null && value == null) {
            nonsense("scenario", name, text);
            return;
        }
        builder.setScenario(name, value, "", text == null ? "its key was deleted" : BY_ANOTHER, BY_STORE);
        if (value == null && entry.artifact().good() != null) {
            builder.setScenario(name, ScenarioState.IDLE, "", "its artifact is there", Transition.BY_STATE_MANAGER);
        }
    }

    private void nonsense(String kind, String name, String text) {
        builder.addAnomaly(
                "nonsense-state",
                kind + " " + name + ": its key holds '" + LogText.excerpt(text, 60) + "', which is no state");
    }

    private void artifact(String kind, String name, Versioned<String> text) {
        String yaml = text.value();
        if (yaml == null) {
            artifacts.gone(kind, name, text, BY_STORE);
            return;
        }
        try {
            Artifact read = read(kind, name, yaml);
            ArtifactHandler.warnOfNames(builder, read);
            switch (read) {
                case PackageArtifact artifact -> artifacts.setPackage(name, artifact, text, BY_STORE);
                case ScenarioArtifact artifact -> artifacts.setScenario(name, artifact, text, BY_STORE);
                case Artifact other -> throw new AssertionError(other);
            }
        } catch (BrokenArtifactException e) {
            artifacts.broken(kind, name, e.reason(), text);
        }
    }

    /** Reads the artifact under a key: it must be of that kind and name. */
    static Artifact read(String kind, String name, String yaml) throws BrokenArtifactException {
        Artifact artifact = ArtifactParser.parse(yaml);
        if (!artifact.kind().equals(kind) || !artifact.name().equals(name)) {
            throw new BrokenArtifactException("is " + artifact.kind() + "/" + artifact.name()
                    + " (expected: as its key says, " + kind + "/" + name + ")");
        }
        return artifact;
    }

    /** Takes in that a write of ours is durable. */
    static void applyCommitted(ViewBuilder builder, Write write, long revision) {
        StoreKey key = StoreKey.parse(write.key());
        if (key == null) {
            throw new IllegalArgumentException("key: " + write.key() + " (expected: one of StateManager's)");
        }
        boolean deleted = write.value() == null;
        long now = deleted ? 0 : revision;
        String name = key.name();
        switch (key.kind()) {
            case PACKAGE_STATE -> {
                PackageEntry entry = builder.packageEntry(name);
                builder.put(entry.with(
                        entry.state().with(new Versioned<>(entry.state().value(), now))));
            }
            case MODEL_STATE -> {
                ModelEntry entry = builder.model(name);
                builder.put(entry.with(
                        entry.state().with(new Versioned<>(entry.state().value(), now))));
            }
            case SCENARIO_STATE -> {
                ScenarioEntry entry = builder.scenario(name);
                builder.put(entry.with(
                        entry.state().with(new Versioned<>(entry.state().value(), now))));
            }
            case PACKAGE_ARTIFACT -> {
                PackageEntry entry = builder.packageEntry(name);
                builder.put(entry.with(entry.artifact().with(new Versioned<>(write.value(), now))));
            }
            case SCENARIO_ARTIFACT -> {
                ScenarioEntry entry = builder.scenario(name);
                builder.put(entry.with(entry.artifact().with(new Versioned<>(write.value(), now))));
            }
            case MODEL_ARTIFACT -> builder.put(builder.model(name).withArtifact(new Versioned<>(write.value(), now)));
            case RECONCILE -> {
                PackageEntry entry = builder.packageEntry(name);
                builder.put(entry.with(new Versioned<>(entry.reconcile().value(), now)));
            }
            case NODE -> {
                NodeEntry entry = builder.nodes.get(name);
                if (entry != null) {
                    builder.put(entry.at(now));
                }
            }
            case JOURNAL -> {
                if (!deleted) {
                    builder.journal = builder.journal.written(Long.parseLong(name), now);
                }
            }
        }
        if (deleted && key.kind().isWatched()) {
            // What the watch still says of it from before is old.
            builder.tombstones = builder.tombstones.plus(write.key(), revision);
        }
    }
}
