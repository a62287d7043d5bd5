// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.artifact.ModelArtifact;
import io.pullpiri.statemanager.artifact.OtherArtifact;
import io.pullpiri.statemanager.artifact.PackageArtifact;
import io.pullpiri.statemanager.artifact.ScenarioArtifact;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.state.StateCounts;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.TrackedArtifact;
import io.pullpiri.statemanager.view.Versioned;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.pcollections.PSet;

/** Applies artifacts that appear, change, break and disappear: from the store, or from an operator. */
final class ArtifactHandler {

    private final ViewBuilder builder;
    private final StatePropagation propagation;
    private final NodeContainers containers;
    private final StoreRepair repair;

    ArtifactHandler(ViewBuilder builder, StatePropagation propagation, NodeContainers containers, StoreRepair repair) {
        this.builder = builder;
        this.propagation = propagation;
        this.containers = containers;
        this.repair = repair;
    }

    /** Puts a package artifact in force, or removes it (null), and updates the models that it names. */
    void setPackage(String name, @Nullable PackageArtifact artifact, Versioned<String> text, String source) {
        PackageEntry before = builder.packageEntry(name);
        Set<String> old = modelNames(before.artifact().good());
        Set<String> now = modelNames(artifact);
        Set<String> renamed = new LinkedHashSet<>();
        for (String model : old) {
            if (!now.contains(model)) {
                ModelEntry entry = builder.model(model);
                PSet<String> left = entry.packages().minus(name);
                builder.put(entry.with(left));
                propagation.checkOrphan(model);
                if (left.isEmpty()) {
                    renamed.add(model);
                }
            }
        }
        StateCounts<ModelState> counts = StateCounts.none(ModelState.class);
        int withState = 0;
        for (String model : now) {
            ModelEntry entry = builder.model(model);
            if (entry.packages().isEmpty()) {
                renamed.add(model);
            }
            builder.put(entry.with(entry.packages().plus(name)));
            builder.putRestart(model, null);
            entry.containers().keySet().forEach(containers::markKnown);
            counts = counts.plus(entry.counted());
            withState += entry.state().value() == null ? 0 : 1;
        }
        builder.put(before.with(new TrackedArtifact<>(artifact, null, text)).with(counts, withState));
        String what = artifact == null
                ? "its artifact was deleted"
                : before.artifact().exists() ? "its artifact changed" : "its artifact appeared";
        propagation.markDirty(name, what, source);
        containers.rematch(renamed);
        if (before.artifact().isBrokenWithoutGood()) {
            repair.models();
        }
    }

    private static Set<String> modelNames(@Nullable PackageArtifact artifact) {
        return artifact == null
                ? Set.of()
                : artifact.models().stream()
                        .map(PackageArtifact.ModelRef::name)
                        .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** Puts a scenario artifact in force, or removes it (null) together with the scenario's state. */
    // [impl->req~scn-artifact~1]
    void setScenario(String name, @Nullable ScenarioArtifact artifact, Versioned<String> text, String source) {
        ScenarioEntry before = builder.scenario(name);
        ScenarioEntry after = before.with(new TrackedArtifact<>(artifact, null, text));
        builder.put(after);
        if (artifact == null) {
            propagation.setScenario(name, null, "its artifact was deleted", source);
        } else if (after.state().value() == null) {
            propagation.setScenario(name, ScenarioState.IDLE, "its artifact appeared", source);
        }
    }

    /** Sets the artifact of a model. No state depends on it. Its restarts in place are counted from the beginning. */
    void setModel(String name, Versioned<String> text) {
        builder.put(builder.model(name).withArtifactText(text));
        builder.putRestart(name, null);
    }

    /** Notes that a stored artifact cannot be used. The last good one stays in force, if there is one. */
    // [impl->req~pkg-broken-artifact~1]
    void broken(ResourceKind kind, String name, String reason, Versioned<String> text) {
        boolean known = switch (builder.resource(kind, name)) {
            case PackageEntry entry -> {
                builder.put(entry.with(entry.artifact().broken(reason, text)));
                yield entry.artifact().good() != null;
            }
            case ScenarioEntry entry -> {
                builder.put(entry.with(entry.artifact().broken(reason, text)));
                yield entry.artifact().good() != null;
            }
            case ModelEntry entry -> throw new AssertionError(entry);
        };
        builder.addAnomaly(
                "broken-artifact",
                kind.artifactKind() + "/" + name + " is broken, "
                        + (known ? "the last good one stays in force: " : "and no good one is known: ") + reason);
    }

    /** Reports a name in a stored artifact that a new artifact may not have. It stays valid. */
    static void warnOfNames(ViewBuilder builder, Artifact artifact) {
        Stream<String> names = switch (artifact) {
            case PackageArtifact a ->
                Stream.concat(Stream.of(a.name()), a.models().stream().map(PackageArtifact.ModelRef::name));
            case ScenarioArtifact a -> Stream.of(a.name(), a.target());
            case ModelArtifact a -> Stream.of(a.name());
            case OtherArtifact a -> Stream.of();
        };
        names.filter(name -> Names.invisible(name) != null)
                .findFirst()
                .ifPresent(name -> builder.addAnomaly(
                        "invisible-name",
                        "the stored " + artifact.kind() + "/" + artifact.name() + " has the name '" + name + "', which "
                                + Names.invisible(name) + "; it stays valid, but new artifacts with it are refused"));
    }

    /** The estimated memory in bytes that the artifacts need in addition to those that they replace. */
    long newBytes(List<Artifact> artifacts) {
        long bytes = 0;
        for (Artifact artifact : artifacts) {
            String before = stored(artifact).value();
            bytes += 2L * artifact.yaml().length() + (before == null ? ResourceEntry.NEW_BYTES : -2L * before.length());
            if (artifact instanceof PackageArtifact a) {
                for (String model : modelNames(a)) {
                    bytes += builder.models().containsKey(model) ? 0 : ResourceEntry.NEW_BYTES;
                }
            }
        }
        return bytes;
    }

    /** Stores an artifact of an operator or of Pullpiri's store. The caller marks one of Pullpiri's store. */
    CommandResult.ArtifactOutcome apply(Artifact artifact, String source) {
        ResourceKind kind = kind(artifact);
        if (kind == null) {
            return outcome(artifact, CommandResult.OutcomeKind.PASSED_OVER);
        }
        Versioned<String> before = stored(artifact);
        if (artifact.yaml().equals(before.value())) {
            return outcome(artifact, CommandResult.OutcomeKind.UNCHANGED);
        }
        Versioned<String> text = new Versioned<>(artifact.yaml(), before.revision());
        switch (artifact) {
            case PackageArtifact a -> setPackage(a.name(), a, text, source);
            case ScenarioArtifact a -> setScenario(a.name(), a, text, source);
            case ModelArtifact a -> setModel(a.name(), text);
            case OtherArtifact a -> throw new AssertionError(a);
        }
        builder.addArtifactWrite(kind, artifact.name());
        builder.setMark(Keys.artifact(artifact.kind(), artifact.name()), false);
        return outcome(
                artifact,
                before.value() == null ? CommandResult.OutcomeKind.CREATED : CommandResult.OutcomeKind.CHANGED);
    }

    /** Deletes an artifact that an operator names. */
    CommandResult.ArtifactOutcome delete(Artifact artifact, String source) {
        ResourceKind kind = kind(artifact);
        if (kind == null) {
            return outcome(artifact, CommandResult.OutcomeKind.PASSED_OVER);
        }
        return delete(kind, artifact.name(), source);
    }

    /** Deletes the artifact of a resource. */
    CommandResult.ArtifactOutcome delete(ResourceKind kind, String name, String source) {
        Versioned<String> text = builder.resource(kind, name).artifactText();
        boolean found = text.value() != null;
        if (found) {
            builder.addArtifactWrite(kind, name);
            gone(kind, name, new Versioned<>(null, text.revision()), source);
        }
        return new CommandResult.ArtifactOutcome(
                kind.artifactKind(),
                name,
                found ? CommandResult.OutcomeKind.DELETED : CommandResult.OutcomeKind.NOT_FOUND);
    }

    private static CommandResult.ArtifactOutcome outcome(Artifact artifact, CommandResult.OutcomeKind outcome) {
        return new CommandResult.ArtifactOutcome(artifact.kind(), artifact.name(), outcome);
    }

    private Versioned<String> stored(Artifact artifact) {
        ResourceKind kind = kind(artifact);
        return kind == null
                ? Versioned.absent()
                : builder.resource(kind, artifact.name()).artifactText();
    }

    /** The kind of the resource that an artifact describes; null for an artifact that StateManager does not use. */
    private static @Nullable ResourceKind kind(Artifact artifact) {
        return switch (artifact) {
            case PackageArtifact a -> ResourceKind.PACKAGE;
            case ScenarioArtifact a -> ResourceKind.SCENARIO;
            case ModelArtifact a -> ResourceKind.MODEL;
            case OtherArtifact a -> null;
        };
    }

    /** Removes the artifact of a resource that the store no longer has, or will no longer have. */
    // [impl->req~pkg-deletion~1]
    void gone(ResourceKind kind, String name, Versioned<String> text, String source) {
        builder.setMark(Keys.artifact(kind.artifactKind(), name), false);
        switch (kind) {
            case PACKAGE -> setPackage(name, null, text, source);
            case SCENARIO -> setScenario(name, null, text, source);
            case MODEL -> setModel(name, text);
            case NODE -> throw new AssertionError(name);
        }
    }

    /**
     * Reads a stored artifact.
     *
     * @throws BrokenArtifactException if the text is no artifact of the key's kind and name
     */
    static Artifact read(ResourceKind kind, String name, String yaml) throws BrokenArtifactException {
        Artifact artifact = ArtifactParser.parse(yaml);
        if (!artifact.kind().equals(kind.artifactKind()) || !artifact.name().equals(name)) {
            throw new BrokenArtifactException("is " + artifact.kind() + "/" + artifact.name()
                    + " (expected: as its key says, " + kind.artifactKind() + "/" + name + ")");
        }
        return artifact;
    }
}
