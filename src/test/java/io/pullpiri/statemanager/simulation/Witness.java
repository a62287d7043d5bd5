// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import com.google.errorprone.annotations.FormatMethod;
import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.artifact.PackageArtifact;
import io.pullpiri.statemanager.artifact.ScenarioArtifact;
import io.pullpiri.statemanager.manager.EventId;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Prefixes;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.testing.OwnKeys;
import io.pullpiri.statemanager.testing.SpecificationTables;
import io.pullpiri.statemanager.view.Journal;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.Transition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Observes every commit when it happens, and checks that it and the store follow the rules. */
final class Witness {

    /** Parsed artifacts by text. There are few, and parsing YAML takes longer than everything else in a simulation. */
    private static final Map<String, Optional<Artifact>> PARSED = new ConcurrentHashMap<>();

    private final SimulatedStore store;
    private final Counts counts;
    private final boolean roomy;

    /** The keys whose last writer is another component. */
    private final Map<String, Foreign> foreign = new HashMap<>();

    /**
     * Models whose state comes from another component or from a request. A model leaves the set when its containers give another
     * state, in a transaction that also writes the model. That requires a day on which each plan fits into one transaction.
     */
    private final Set<String> notDerived = new HashSet<>();

    /** The last state that each model's stored containers gave. */
    private final Map<String, String> derived = new HashMap<>();

    private final ContainerWitness containers;

    /** The last good artifact of each package whose artifact is in the store, good or broken. */
    private final Map<String, PackageArtifact> lastGood = new HashMap<>();

    /** The commit since which each reconcile record is as it is. */
    private final Map<String, Integer> dead = new HashMap<>();

    /** All changes in the journal, in order. */
    private final List<RecordedChange> recorded = new ArrayList<>();

    /** The state after the recorded changes, by the keys of the resources. */
    private final Map<String, String> states = new HashMap<>();

    /**
     * A value of another component. Decisions after the server got its event take it into account.
     *
     * @param known when the server got the event, in ticks; null before
     * @param taken whether a later decision is stored
     */
    private record Foreign(long revision, @Nullable Long known, boolean taken) {

        Foreign knownAt(long now) {
            return known == null ? new Foreign(revision, now, false) : this;
        }

        Foreign after(SimulatedStore.Commit commit) {
            return known != null && known < commit.sent() ? new Foreign(revision, known, true) : this;
        }
    }

    /** A recorded change and its event id. */
    record RecordedChange(EventId id, Transition change) {}

    /** A promise is broken. */
    static final class Broken extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Broken(String what) {
            super(what);
        }
    }

    Witness(SimulatedStore store, VirtualTime time, Counts counts, boolean roomy, Trace trace) {
        this.store = store;
        this.counts = counts;
        this.roomy = roomy;
        this.containers = new ContainerWitness(store, time, counts);
        store.observe(new SimulatedStore.Observer() {

            @Override
            public void sees(SimulatedStore.Commit commit) {
                trace.add(commit.isOwn() ? "commit" : "other", "%s", commit);
                see(commit);
            }

            @Override
            public void reports(List<String> prefixes, long revision) {
                trace.add("heard", "up to revision %d of %s", revision, prefixes);
                foreign.replaceAll((key, value) -> value.revision <= revision && Prefixes.cover(prefixes, key)
                        ? value.knownAt(time.ticks())
                        : value);
            }

            @Override
            public void refuses(List<WatchEvent> current) {
                trace.add("refuse", "a guard does not hold: there is %s", current);
            }

            @Override
            public void cutsOff(String reason) {
                trace.add("lost", "a watch: %s", reason);
            }
        });
    }

    @FormatMethod
    static void require(boolean condition, String format, @Nullable Object... arguments) {
        if (!condition) {
            throw new Broken(format.formatted(arguments));
        }
    }

    private void see(SimulatedStore.Commit commit) {
        if (commit.isOwn()) {
            follow(commit);
        }
        for (WatchEvent change : commit.changes()) {
            String key = change.key();
            if (commit.isOwn()) {
                foreign.remove(key);
                require(OwnKeys.matches(key), "a key outside its own is written: %s", key);
            } else {
                foreign.put(key, new Foreign(commit.revision(), null, false));
                notDerived.add(key);
            }
            if (key.startsWith(Keys.RECONCILE_PREFIX)) {
                String name = key.substring(Keys.RECONCILE_PREFIX.length());
                if (change.value() == null) {
                    dead.remove(name);
                } else {
                    dead.put(name, store.log().size());
                }
            }
        }
        for (WatchEvent change : commit.changes()) {
            if (change.key().startsWith(Keys.JOURNAL_PREFIX) && change.value() != null) {
                record(Journal.sequence(change.key()), change.value(), commit.sent());
            }
        }
        Day.PACKAGES.forEach(this::keepLastGood);
        if (commit.isDecided()) {
            if (roomy) {
                requireOrphans(commit);
                Day.PACKAGES.forEach(name -> consistent(name, commit));
                containers.see(commit, model -> isSurelyNamed(model, commit));
            }
            foreign.replaceAll((key, value) -> value.after(commit));
        }
    }

    /** A model whose containers give a new state follows them again. */
    private void follow(SimulatedStore.Commit commit) {
        Set<String> written = commit.changes().stream().map(WatchEvent::key).collect(Collectors.toSet());
        if (written.stream().noneMatch(key -> key.startsWith(Keys.NODE_PREFIX))) {
            return;
        }
        List<StoredNodeStates> nodes = Day.NODES.stream()
                .map(node -> StoredNodeStates.counted(store.value(Keys.node(node))))
                .toList();
        for (String model : Day.MODELS) {
            List<String> containers =
                    nodes.stream().flatMap(node -> node.ofModel(model)).toList();
            String now = SpecificationTables.modelState(containers);
            if (containers.isEmpty()) {
                derived.remove(model);
            } else if (!now.isEmpty() && !now.equals(derived.put(model, now))) {
                String key = Keys.modelState(model);
                if (roomy && written.contains(key) && state(key).equals(now)) {
                    notDerived.remove(key);
                }
            }
        }
    }

    /** Returns the stored state as the specification's tables spell it; empty for none. */
    private String state(String key) {
        return SpecificationTables.name(Objects.requireNonNullElse(store.value(key), ""));
    }

    /** Returns the key of a resource's state. */
    static String key(ResourceKind kind, String name) {
        return switch (kind) {
            case MODEL -> Keys.modelState(name);
            case PACKAGE -> Keys.packageState(name);
            case SCENARIO -> Keys.scenarioState(name);
            case NODE -> Keys.node(name);
        };
    }

    private void record(long sequence, String text, long decided) {
        List<Transition> changes = Objects.requireNonNull(Journal.changes(text), text);
        Map<String, Transition> last = new HashMap<>();
        for (int i = 0; i < changes.size(); i++) {
            recorded.add(new RecordedChange(new EventId(sequence, i + 1), changes.get(i)));
            Transition change = changes.get(i);
            if (change.kind() == ResourceKind.NODE) {
                continue; // it has no state, only an end
            }
            String key = key(change.kind(), change.name());
            String before = states.put(key, change.to());
            if (change.kind() == ResourceKind.SCENARIO && change.cause().startsWith("requested by")) {
                require(
                        SpecificationTables.scenarioMayBecome(
                                SpecificationTables.name(change.from()), SpecificationTables.name(change.to())),
                        "record %d says that %s was requested to go from %s to %s",
                        sequence,
                        key,
                        change.from(),
                        change.to());
                counts.add("scenario step compared");
            }
            require(
                    before == null || before.equals(change.from()),
                    "record %d says that %s changed from %s, and it was %s",
                    sequence,
                    key,
                    change.from(),
                    before);
            last.put(key, change);
        }
        last.forEach((key, change) -> {
            if (change.kind() == ResourceKind.MODEL && change.cause().startsWith("requested by")) {
                notDerived.add(key);
            }
        });
        if (roomy) {
            last.forEach((key, change) -> {
                String state = SpecificationTables.name(change.to());
                boolean same = state(key).equals(state);
                counts.add("record compared with a key", same ? 1 : 0);
                require(
                        same || isForeign(key, decided),
                        "record %d says that %s is %s, but it is %s",
                        sequence,
                        key,
                        state,
                        store.value(key));
            });
        }
    }

    /** Whether another component wrote the key, and a decision at a time, in ticks, may not have taken it into account. */
    boolean isForeign(String key, long decided) {
        Foreign value = foreign.get(key);
        return value != null && (value.known == null || decided <= value.known);
    }

    /** Checks that a package and its models agree, unless another component has just written one of them. */
    private void consistent(String name, SimulatedStore.Commit commit) {
        PackageArtifact artifact = artifact(PackageArtifact.KIND, name, PackageArtifact.class);
        // An overwritten state of a package is restored later (README, "Keys").
        boolean overwritten = foreign.containsKey(Keys.packageState(name))
                || isForeign(Keys.artifact(PackageArtifact.KIND, name), commit.sent());
        if (artifact != null && !overwritten) {
            boolean derivable = artifact.models().stream()
                    .noneMatch(model -> isForeign(Keys.modelState(model.name()), commit.sent()));
            if (derivable) {
                requireRule(name, artifact, "revision " + commit.revision());
                counts.add("package compared at a commit");
            }
        }
    }

    private void keepLastGood(String name) {
        PackageArtifact artifact = artifact(PackageArtifact.KIND, name, PackageArtifact.class);
        if (artifact != null) {
            lastGood.put(name, artifact);
        } else if (store.value(Keys.artifact(PackageArtifact.KIND, name)) == null) {
            lastGood.remove(name);
        }
    }

    /** Checks that a model loses its state only if no package names it, and none did before its artifact was broken. */
    private void requireOrphans(SimulatedStore.Commit commit) {
        Map<String, WatchEvent> changes =
                commit.changes().stream().collect(Collectors.toMap(WatchEvent::key, change -> change));
        lastGood.forEach((name, artifact) -> {
            String key = Keys.artifact(PackageArtifact.KIND, name);
            // The package may have been deleted and applied again, may have dropped the model, or may name it only
            // since then.
            Foreign write = foreign.get(key);
            if (changes.containsKey(key) || (write != null && !write.taken)) {
                return;
            }
            for (PackageArtifact.ModelRef model : artifact.models()) {
                WatchEvent change = changes.get(Keys.modelState(model.name()));
                require(
                        change == null || change.value() != null,
                        "revision %d: model %s loses its state, and package %s names it",
                        commit.revision(),
                        model.name(),
                        name);
                counts.add("model kept for its package", change == null ? 0 : 1);
            }
        });
    }

    /** Whether a package names a model, both before a commit and after it. */
    private boolean isSurelyNamed(String model, SimulatedStore.Commit commit) {
        return lastGood.entrySet().stream().anyMatch(of -> {
            String key = Keys.artifact(PackageArtifact.KIND, of.getKey());
            Foreign write = foreign.get(key);
            return commit.changes().stream().noneMatch(change -> change.key().equals(key))
                    && (write == null || write.taken)
                    && names(of.getValue(), model);
        });
    }

    /** Whether a package in the store names a model, or cannot be read. */
    private boolean mayBeNamed(String model) {
        return Day.PACKAGES.stream().anyMatch(name -> {
            PackageArtifact artifact = artifact(PackageArtifact.KIND, name, PackageArtifact.class);
            return artifact == null
                    ? store.value(Keys.artifact(PackageArtifact.KIND, name)) != null
                    : names(artifact, model);
        });
    }

    private static boolean names(PackageArtifact artifact, String model) {
        return artifact.models().stream().anyMatch(ref -> ref.name().equals(model));
    }

    private void requireRule(String name, PackageArtifact artifact, String when) {
        List<String> models = artifact.models().stream()
                .map(model -> state(Keys.modelState(model.name())))
                .toList();
        String state = state(Keys.packageState(name));
        String expected = SpecificationTables.packageState(models);
        boolean mayBeIdle = models.stream().allMatch(String::isEmpty);
        require(
                state.equals(expected) || (mayBeIdle && state.equals("IDLE")),
                "%s: package %s is %s (expected: %s) with models %s",
                when,
                name,
                state.isEmpty() ? "without state" : state,
                expected,
                models);
        requireRecord(name, when);
    }

    /** Checks that a package has a reconcile record exactly if it is dead. */
    private void requireRecord(String name, String when) {
        String state = state(Keys.packageState(name));
        boolean record = store.value(Keys.reconcile(name)) != null;
        require(
                record == state.equals("ERROR"),
                "%s: package %s is %s and %s reconcile record",
                when,
                name,
                state,
                record ? "has a" : "has no");
    }

    /** Checks that everything in the store follows from the rules, when nothing is in flight. */
    void quiet(Map<String, List<String>> lastReports) {
        for (String name : Day.PACKAGES) {
            String text = store.value(Keys.artifact(PackageArtifact.KIND, name));
            PackageArtifact artifact = artifact(PackageArtifact.KIND, name, PackageArtifact.class);
            if (artifact != null) {
                requireRule(name, artifact, "quiet");
                counts.add("package compared at rest");
            } else if (text == null) {
                require(
                        store.value(Keys.packageState(name)) == null,
                        "quiet: package %s is gone, its state is not",
                        name);
                require(
                        store.value(Keys.reconcile(name)) == null,
                        "quiet: package %s is gone, its record is not",
                        name);
            } else {
                requireRecord(name, "quiet, with a broken artifact");
                counts.add("broken package compared at rest");
            }
        }
        containers.quiet(this::mayBeNamed);
        for (String model : Day.MODELS) {
            if (!notDerived.contains(Keys.modelState(model))) {
                requireModelRule(model, lastReports);
            }
        }
    }

    private void requireModelRule(String model, Map<String, List<String>> lastReports) {
        List<String> containers = new ArrayList<>();
        lastReports.forEach((node, report) -> {
            new StoredNodeStates(StoredNodeStates.expected(report))
                    .ofModel(model)
                    .forEach(containers::add);
            List<String> removed = StoredNodeStates.removed(store.value(Keys.node(node)))
                    .ofModel(model)
                    .toList();
            require(
                    removed.stream().allMatch("DEAD"::equals),
                    "quiet: node %s has removed containers of model %s that were not dead: %s",
                    node,
                    model,
                    removed);
            containers.addAll(removed);
        });
        String state = state(Keys.modelState(model));
        String expected = SpecificationTables.modelState(containers);
        if (!expected.isEmpty()) {
            require(state.equals(expected), "quiet: model %s is %s (expected: %s)", model, state, expected);
            counts.add("model compared at rest");
        } else if (containers.isEmpty()) {
            require(
                    !state.equals("RUNNING") && !state.equals("PAUSED"),
                    "quiet: model %s is %s, and has no container",
                    model,
                    state);
            counts.add("model without containers compared at rest");
        }
    }

    /** Checks a request to ActionController when it is sent. */
    void called(String scenario, @Nullable String target) {
        require(
                target != null && dead.containsKey(target),
                "a call starts for scenario %s though package %s is not dead",
                scenario,
                target);
    }

    /** Returns the commit since which a package is dead, null if it is not. */
    @Nullable
    Integer deadSince(String name) {
        return dead.get(name);
    }

    /** Returns the scenarios that target the package and have good artifacts in the store. */
    List<String> scenariosOf(String name) {
        return Day.SCENARIOS.stream()
                .filter(scenario -> {
                    ScenarioArtifact artifact = artifact(ScenarioArtifact.KIND, scenario, ScenarioArtifact.class);
                    return artifact != null && artifact.target().equals(name);
                })
                .toList();
    }

    private <A extends Artifact> @Nullable A artifact(String kind, String name, Class<A> type) {
        String text = store.value(Keys.artifact(kind, name));
        return text == null
                ? null
                : PARSED.computeIfAbsent(text, Witness::parse).map(type::cast).orElse(null);
    }

    private static Optional<Artifact> parse(String text) {
        try {
            return Optional.of(ArtifactParser.parse(text));
        } catch (BrokenArtifactException e) {
            return Optional.empty();
        }
    }

    List<RecordedChange> recorded() {
        return recorded;
    }

    /** Whether a resource got a state after the given number of recorded changes. */
    boolean becameSince(int count, ResourceKind kind, String name, String state) {
        return recorded.subList(count, recorded.size()).stream()
                .map(RecordedChange::change)
                .anyMatch(change -> change.kind() == kind
                        && change.name().equals(name)
                        && SpecificationTables.name(change.to()).equals(state));
    }
}
