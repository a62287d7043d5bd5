package io.pullpiri.statemanager.simulation;

import com.google.errorprone.annotations.FormatMethod;
import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.artifact.PackageArtifact;
import io.pullpiri.statemanager.artifact.ScenarioArtifact;
import io.pullpiri.statemanager.cascade.Journal;
import io.pullpiri.statemanager.cascade.ResourceKind;
import io.pullpiri.statemanager.cascade.Transition;
import io.pullpiri.statemanager.manager.EventId;
import io.pullpiri.statemanager.state.Tables;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.WatchEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Sees every commit at its moment, and knows what must be true of it and of the store. */
final class Witness {

    private static final Pattern ALLOWED = Pattern.compile("/(package|model|scenario)/[^/]+/state"
            + "|(Package|Scenario|Model)/[^/]+|/statemanager/(reconcile|node|journal)/[^/]+");

    /** Few different ones come again and again, and YAML takes longer than all else in a simulation. */
    private static final Map<String, Optional<Artifact>> PARSED = new ConcurrentHashMap<>();

    private final SimulatedStore store;
    private final boolean roomy;

    /** Keys that somebody else wrote last. */
    private final Set<String> foreign = new HashSet<>();

    /** Models whose state somebody else, or somebody's request, has ever given. */
    private final Set<String> meddledWith = new HashSet<>();

    /** Packages whose record went by a commit that the manager does not know of. */
    private final Set<String> recordsGoneUnseen = new HashSet<>();

    /** Since when each reconcile record stands, in commits. */
    private final Map<String, Integer> dead = new HashMap<>();

    /** Every change that was ever recorded. */
    private final List<Told> told = new ArrayList<>();

    /** A recorded change and its place. */
    record Told(EventId id, Transition change) {}

    /** A promise is broken. */
    static final class Broken extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Broken(String what) {
            super(what);
        }
    }

    /** @param next is told of every commit first */
    Witness(SimulatedStore store, boolean roomy, Consumer<SimulatedStore.Commit> next) {
        this.store = store;
        this.roomy = roomy;
        store.witness(
                commit -> {
                    next.accept(commit);
                    see(commit);
                },
                recordsGoneUnseen::clear);
    }

    @FormatMethod
    static void require(boolean condition, String format, @Nullable Object... arguments) {
        if (!condition) {
            throw new Broken(format.formatted(arguments));
        }
    }

    private void see(SimulatedStore.Commit commit) {
        for (WatchEvent change : commit.changes()) {
            String key = change.key();
            if (commit.isOwn()) {
                foreign.remove(key);
                require(ALLOWED.matcher(key).matches(), "a key outside its own is written: %s", key);
            } else {
                foreign.add(key);
                meddledWith.add(key);
            }
            if (key.startsWith(Keys.JOURNAL_PREFIX) && change.value() != null) {
                record(Journal.sequence(key), change.value());
            }
            if (key.startsWith(Keys.RECONCILE_PREFIX)) {
                String name = key.substring(Keys.RECONCILE_PREFIX.length());
                if (change.value() == null) {
                    dead.remove(name);
                    if (commit.fate() != Weather.Fate.DONE && commit.fate() != Weather.Fate.SLOW) {
                        recordsGoneUnseen.add(name);
                    }
                } else {
                    dead.putIfAbsent(name, store.log().size());
                }
            }
        }
        if (commit.isOwn() && roomy) {
            Day.PACKAGES.forEach(name -> consistent(name, "revision " + commit.revision()));
        }
    }

    private void record(long sequence, String text) {
        List<Transition> changes = Objects.requireNonNull(Journal.changes(text), text);
        for (int i = 0; i < changes.size(); i++) {
            told.add(new Told(new EventId(sequence, i + 1), changes.get(i)));
            Transition change = changes.get(i);
            if (change.kind() == ResourceKind.MODEL && change.cause().startsWith("requested by")) {
                meddledWith.add(Keys.modelState(change.name()));
            }
        }
    }

    /** Whether somebody else wrote the key last: the manager may not have heard of it yet. */
    boolean isForeign(String key) {
        return foreign.contains(key);
    }

    /** A package and its models never contradict each other, if nobody else has just written one of them. */
    private void consistent(String name, String when) {
        PackageArtifact artifact = artifact(PackageArtifact.KIND, name, PackageArtifact.class);
        boolean othersWrote = foreign.contains(Keys.artifact(PackageArtifact.KIND, name))
                || foreign.contains(Keys.packageState(name));
        if (artifact != null && !othersWrote) {
            boolean pure =
                    artifact.models().stream().noneMatch(model -> foreign.contains(Keys.modelState(model.name())));
            if (pure) {
                requireRule(name, artifact, when);
            }
        }
    }

    private void requireRule(String name, PackageArtifact artifact, String when) {
        List<String> models = artifact.models().stream()
                .map(model -> Tables.name(Objects.requireNonNullElse(store.value(Keys.modelState(model.name())), "")))
                .toList();
        String state = Tables.name(Objects.requireNonNullElse(store.value(Keys.packageState(name)), ""));
        String expected = Tables.packageState(models);
        boolean mayBeIdle = models.stream().allMatch(String::isEmpty);
        require(
                state.equals(expected) || (mayBeIdle && state.equals("IDLE")),
                "%s: package %s is %s (expected: %s) with models %s",
                when,
                name,
                state.isEmpty() ? "without state" : state,
                expected,
                models);
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
            } else if (text == null) {
                require(
                        store.value(Keys.packageState(name)) == null,
                        "quiet: package %s is gone, its state is not",
                        name);
                require(
                        store.value(Keys.reconcile(name)) == null,
                        "quiet: package %s is gone, its record is not",
                        name);
            }
        }
        for (String model : Day.MODELS) {
            String key = Keys.modelState(model);
            List<String> containers = lastReports.values().stream()
                    .flatMap(report -> Digest.expected(report).entrySet().stream())
                    .filter(container -> container.getKey().startsWith(model + "_"))
                    .map(Map.Entry::getValue)
                    .toList();
            String expected = Tables.modelState(containers);
            if (!meddledWith.contains(key) && !expected.isEmpty()) {
                String state = Tables.name(Objects.requireNonNullElse(store.value(key), ""));
                require(state.equals(expected), "quiet: model %s is %s (expected: %s)", model, state, expected);
            }
        }
    }

    /** A call to ActionController starts now. */
    void called(String scenario, @Nullable String target) {
        boolean dying = target != null && (dead.containsKey(target) || recordsGoneUnseen.contains(target));
        require(dying, "a call starts for scenario %s though package %s is not dead", scenario, target);
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
                        && Tables.name(change.to()).equals(state));
    }
}
