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

/** Sees every commit at its moment, and knows what must be true of it and of the store. */
final class Witness {

    /** Few different ones come again and again, and YAML takes longer than all else in a simulation. */
    private static final Map<String, Optional<Artifact>> PARSED = new ConcurrentHashMap<>();

    private final SimulatedStore store;
    private final Counts counts;
    private final boolean roomy;

    /** What somebody else wrote last, and we have not since. */
    private final Map<String, Foreign> foreign = new HashMap<>();

    /**
     * Models whose state somebody else, or somebody's request, has given, until their containers were seen to give another: in
     * a transaction that writes the model too, on a day on which plans fit into one.
     */
    private final Set<String> meddledWith = new HashSet<>();

    /** What each model's stored containers gave last. */
    private final Map<String, String> derived = new HashMap<>();

    /** The last good artifact of each package whose artifact is in the store, good or broken. */
    private final Map<String, PackageArtifact> lastGood = new HashMap<>();

    /** Since when each reconcile record stands as it does, in commits. */
    private final Map<String, Integer> dead = new HashMap<>();

    /** Every change that was ever recorded. */
    private final List<Told> told = new ArrayList<>();

    /** What they have led to, by the keys of the resources. */
    private final Map<String, String> states = new HashMap<>();

    /**
     * A key's value of somebody else: what is decided after the state manager has heard of it is decided with it.
     *
     * @param known when the state manager was told of it, in ticks, null before
     * @param taken whether something that was decided since is stored
     */
    private record Foreign(long revision, @Nullable Long known, boolean taken) {

        Foreign heard(long now) {
            return known == null ? new Foreign(revision, now, false) : this;
        }

        Foreign after(SimulatedStore.Commit commit) {
            return known != null && known < commit.sent() ? new Foreign(revision, known, true) : this;
        }
    }

    /** A recorded change and its place. */
    record Told(EventId id, Transition change) {}

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
        store.observe(new SimulatedStore.Observer() {

            @Override
            public void sees(SimulatedStore.Commit commit) {
                trace.tell(commit.isOwn() ? "commit" : "other", "%s", commit);
                see(commit);
            }

            @Override
            public void hears(List<String> prefixes, long revision) {
                trace.tell("heard", "up to revision %d of %s", revision, prefixes);
                foreign.replaceAll((key, value) -> value.revision <= revision && Prefixes.cover(prefixes, key)
                        ? value.heard(time.ticks())
                        : value);
            }

            @Override
            public void refuses(List<WatchEvent> current) {
                trace.tell("refuse", "a guard does not hold: there is %s", current);
            }

            @Override
            public void cutsOff(String reason) {
                trace.tell("lost", "a watch: %s", reason);
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
                meddledWith.add(key);
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
                requireForsaken(commit);
                Day.PACKAGES.forEach(name -> consistent(name, commit));
            }
            foreign.replaceAll((key, value) -> value.after(commit));
        }
    }

    /** A model whose containers give another state than before follows them again, whoever has had a say in it. */
    private void follow(SimulatedStore.Commit commit) {
        Set<String> written = commit.changes().stream().map(WatchEvent::key).collect(Collectors.toSet());
        if (written.stream().noneMatch(key -> key.startsWith(Keys.NODE_PREFIX))) {
            return;
        }
        List<StoredNodeStates> digests = Day.NODES.stream()
                .map(node -> StoredNodeStates.counted(store.value(Keys.node(node))))
                .toList();
        for (String model : Day.MODELS) {
            List<String> containers =
                    digests.stream().flatMap(digest -> digest.ofModel(model)).toList();
            String now = SpecificationTables.modelState(containers);
            if (containers.isEmpty()) {
                derived.remove(model);
            } else if (!now.isEmpty() && !now.equals(derived.put(model, now))) {
                String key = Keys.modelState(model);
                if (roomy && written.contains(key) && state(key).equals(now)) {
                    meddledWith.remove(key);
                }
            }
        }
    }

    /** The state that is stored, in the tables' words; empty for none. */
    private String state(String key) {
        return SpecificationTables.name(Objects.requireNonNullElse(store.value(key), ""));
    }

    /** The key of a resource's state. */
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
            told.add(new Told(new EventId(sequence, i + 1), changes.get(i)));
            Transition change = changes.get(i);
            if (change.kind() == ResourceKind.NODE) {
                continue; // it has no state, only an end
            }
            String key = key(change.kind(), change.name());
            String before = states.put(key, change.to());
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
                meddledWith.add(key);
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

    /** Whether somebody else wrote the key, and what was decided at a time, in ticks, may have been decided without it. */
    boolean isForeign(String key, long decided) {
        Foreign value = foreign.get(key);
        return value != null && (value.known == null || decided <= value.known);
    }

    /** A package and its models never contradict each other, if nobody else has just written one of them. */
    private void consistent(String name, SimulatedStore.Commit commit) {
        PackageArtifact artifact = artifact(PackageArtifact.KIND, name, PackageArtifact.class);
        // A package's overwritten state is put right in its own time (README, "Keys").
        boolean othersWrote = foreign.containsKey(Keys.packageState(name))
                || isForeign(Keys.artifact(PackageArtifact.KIND, name), commit.sent());
        if (artifact != null && !othersWrote) {
            boolean pure = artifact.models().stream()
                    .noneMatch(model -> isForeign(Keys.modelState(model.name()), commit.sent()));
            if (pure) {
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

    /** A model loses its state only if no package names it, nor did before its artifact broke. */
    private void requireForsaken(SimulatedStore.Commit commit) {
        Map<String, WatchEvent> changes =
                commit.changes().stream().collect(Collectors.toMap(WatchEvent::key, change -> change));
        lastGood.forEach((name, artifact) -> {
            String key = Keys.artifact(PackageArtifact.KIND, name);
            // A package may have gone and come again at once, or have left the model out, or name it only since it was
            // gone.
            Foreign word = foreign.get(key);
            if (changes.containsKey(key) || (word != null && !word.taken)) {
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

    /** A reconcile record stands exactly as long as its package is dead. */
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

    /** Nothing is under way: all that is stored follows from the rules. */
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
        for (String model : Day.MODELS) {
            if (!meddledWith.contains(Keys.modelState(model))) {
                requireModelRule(model, lastReports);
            }
        }
    }

    private void requireModelRule(String model, Map<String, List<String>> lastReports) {
        List<String> containers = lastReports.values().stream()
                .flatMap(report -> new StoredNodeStates(StoredNodeStates.expected(report)).ofModel(model))
                .toList();
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

    /** A call to ActionController starts now. */
    void called(String scenario, @Nullable String target) {
        require(
                target != null && dead.containsKey(target),
                "a call starts for scenario %s though package %s is not dead",
                scenario,
                target);
    }

    /** Since which commit a package has been dead, null if it is not. */
    @Nullable
    Integer deadSince(String name) {
        return dead.get(name);
    }

    /** The scenarios that target the package, as far as the store has good artifacts. */
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

    List<Told> told() {
        return told;
    }

    /** Whether a resource has been given a state since so many changes were recorded. */
    boolean becameSince(int recorded, ResourceKind kind, String name, String state) {
        return told.subList(recorded, told.size()).stream()
                .map(Told::change)
                .anyMatch(change -> change.kind() == kind
                        && change.name().equals(name)
                        && SpecificationTables.name(change.to()).equals(state));
    }
}
