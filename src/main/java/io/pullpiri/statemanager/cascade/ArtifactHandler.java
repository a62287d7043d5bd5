package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.artifact.ModelArtifact;
import io.pullpiri.statemanager.artifact.OtherArtifact;
import io.pullpiri.statemanager.artifact.PackageArtifact;
import io.pullpiri.statemanager.artifact.ScenarioArtifact;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.state.StateCounts;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.PackageEntry;
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
import org.pcollections.TreePSet;

/** What follows from artifacts that appear, change, break and vanish. */
final class ArtifactHandler {

    private final ViewBuilder builder;
    private final ReportHandler reports;

    ArtifactHandler(ViewBuilder builder, ReportHandler reports) {
        this.builder = builder;
        this.reports = reports;
    }

    /** A good package artifact is in force, or (null) the package's artifact is gone. */
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
                builder.checkOrphan(model);
                if (left.isEmpty()) {
                    renamed.add(model);
                }
            }
        }
        StateCounts<ModelState> tally = StateCounts.none(ModelState.class);
        int reported = 0;
        for (String model : now) {
            ModelEntry entry = builder.model(model);
            if (entry.packages().isEmpty()) {
                renamed.add(model);
            }
            builder.put(entry.with(entry.packages().plus(name)));
            entry.containers().keySet().forEach(reports::recognize);
            tally = tally.plus(entry.counted());
            reported += entry.state().value() == null ? 0 : 1;
        }
        builder.put(before.with(new TrackedArtifact<>(artifact, null, text)).with(tally, reported));
        String what = artifact == null
                ? "its artifact was deleted"
                : before.artifact().exists() ? "its artifact changed" : "its artifact appeared";
        builder.markDirty(name, what, source);
        reports.rematch(renamed);
        if (before.artifact().isUnparsable()) {
            new StoreRepair(builder, reports).models();
        }
    }

    private static Set<String> modelNames(@Nullable PackageArtifact artifact) {
        return artifact == null
                ? Set.of()
                : artifact.models().stream()
                        .map(PackageArtifact.ModelRef::name)
                        .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** A good scenario artifact is in force, or (null) the scenario's artifact is gone, and its state with it. */
    void setScenario(String name, @Nullable ScenarioArtifact artifact, Versioned<String> text, String source) {
        ScenarioEntry before = builder.scenario(name);
        ScenarioArtifact old = before.artifact().good();
        if (old != null) {
            target(old.target(), name, false);
        }
        if (artifact != null) {
            target(artifact.target(), name, true);
        }
        ScenarioEntry after = before.with(new TrackedArtifact<>(artifact, null, text));
        builder.put(after);
        if (artifact == null) {
            builder.setScenario(name, null, "", "its artifact was deleted", source);
        } else if (after.state().value() == null) {
            builder.setScenario(name, ScenarioState.IDLE, "", "its artifact appeared", source);
        }
    }

    private void target(String packageName, String scenario, boolean present) {
        PSet<String> scenarios = builder.scenariosByTarget.getOrDefault(packageName, TreePSet.<String>empty());
        scenarios = present ? scenarios.plus(scenario) : scenarios.minus(scenario);
        builder.scenariosByTarget = scenarios.isEmpty()
                ? builder.scenariosByTarget.minus(packageName)
                : builder.scenariosByTarget.plus(packageName, scenarios);
    }

    void setModel(String name, Versioned<String> text) {
        builder.put(builder.model(name).withArtifact(text));
    }

    /** A stored artifact cannot be used: the last good one, if one is known, stays in force. */
    void broken(String kind, String name, String reason, Versioned<String> text) {
        boolean known;
        if (kind.equals(PackageArtifact.KIND)) {
            PackageEntry entry = builder.packageEntry(name);
            known = entry.artifact().good() != null;
            builder.put(entry.with(new TrackedArtifact<>(entry.artifact().good(), reason, text)));
        } else {
            ScenarioEntry entry = builder.scenario(name);
            known = entry.artifact().good() != null;
            builder.put(entry.with(new TrackedArtifact<>(entry.artifact().good(), reason, text)));
        }
        builder.addAnomaly(
                "broken-artifact",
                kind + "/" + name + " is broken, "
                        + (known ? "the last good one stays in force: " : "and no good one is known: ") + reason);
    }

    /** Warns of names in a stored artifact that a new one may not have. They stay valid. */
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

    /** About how much more memory the artifacts would take than those that they replace. */
    long newBytes(List<Artifact> artifacts) {
        long bytes = 0;
        for (Artifact artifact : artifacts) {
            String before = stored(artifact).value();
            bytes += 2L * artifact.yaml().length() + (before == null ? NodeEntry.NEW_BYTES : -2L * before.length());
            if (artifact instanceof PackageArtifact a) {
                for (String model : modelNames(a)) {
                    bytes += builder.models.containsKey(model) ? 0 : NodeEntry.NEW_BYTES;
                }
            }
        }
        return bytes;
    }

    /** Stores an operator's artifact. */
    CommandResult.ArtifactOutcome apply(Artifact artifact, String source) {
        return switch (artifact) {
            case PackageArtifact a -> {
                Versioned<String> text =
                        builder.packageEntry(a.name()).artifact().text();
                if (!a.yaml().equals(text.value())) {
                    setPackage(a.name(), a, new Versioned<>(a.yaml(), text.revision()), source);
                }
                yield written(a, text);
            }
            case ScenarioArtifact a -> {
                Versioned<String> text = builder.scenario(a.name()).artifact().text();
                if (!a.yaml().equals(text.value())) {
                    setScenario(a.name(), a, new Versioned<>(a.yaml(), text.revision()), source);
                }
                yield written(a, text);
            }
            case ModelArtifact a -> {
                Versioned<String> text = builder.model(a.name()).artifact();
                if (!a.yaml().equals(text.value())) {
                    setModel(a.name(), new Versioned<>(a.yaml(), text.revision()));
                }
                yield written(a, text);
            }
            case OtherArtifact a ->
                new CommandResult.ArtifactOutcome(a.kind(), a.name(), CommandResult.OutcomeKind.PASSED_OVER);
        };
    }

    private CommandResult.ArtifactOutcome written(Artifact artifact, Versioned<String> before) {
        CommandResult.OutcomeKind outcome = before.value() == null
                ? CommandResult.OutcomeKind.CREATED
                : before.value().equals(artifact.yaml())
                        ? CommandResult.OutcomeKind.UNCHANGED
                        : CommandResult.OutcomeKind.CHANGED;
        if (outcome != CommandResult.OutcomeKind.UNCHANGED) {
            builder.artifactWrites.add(new ViewBuilder.ArtifactWrite(artifact.kind(), artifact.name()));
        }
        return new CommandResult.ArtifactOutcome(artifact.kind(), artifact.name(), outcome);
    }

    /** Deletes the artifact that an operator names. */
    CommandResult.ArtifactOutcome delete(Artifact artifact, String source) {
        String name = artifact.name();
        Versioned<String> text = stored(artifact);
        if (artifact instanceof OtherArtifact) {
            return new CommandResult.ArtifactOutcome(artifact.kind(), name, CommandResult.OutcomeKind.PASSED_OVER);
        }
        if (text.value() == null) {
            return new CommandResult.ArtifactOutcome(artifact.kind(), name, CommandResult.OutcomeKind.NOT_FOUND);
        }
        builder.artifactWrites.add(new ViewBuilder.ArtifactWrite(artifact.kind(), name));
        gone(artifact.kind(), name, new Versioned<>(null, text.revision()), source);
        return new CommandResult.ArtifactOutcome(artifact.kind(), name, CommandResult.OutcomeKind.DELETED);
    }

    private Versioned<String> stored(Artifact artifact) {
        return switch (artifact) {
            case PackageArtifact a -> builder.packageEntry(a.name()).artifact().text();
            case ScenarioArtifact a -> builder.scenario(a.name()).artifact().text();
            case ModelArtifact a -> builder.model(a.name()).artifact();
            case OtherArtifact a -> Versioned.absent();
        };
    }

    /** The store has, or is about to have, no artifact of this kind and name any more. */
    void gone(String kind, String name, Versioned<String> text, String source) {
        switch (kind) {
            case "Package" -> setPackage(name, null, text, source);
            case "Scenario" -> setScenario(name, null, text, source);
            default -> setModel(name, text);
        }
    }
}
