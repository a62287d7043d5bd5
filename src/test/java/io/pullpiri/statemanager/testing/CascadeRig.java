// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.cascade.Rules;
import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Snapshot;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.view.Journal;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A cascade with the simplest store, and a clock that only the test moves. */
public final class CascadeRig {

    public static final Rules RULES = new Rules(
            Set.of(0, 143),
            Duration.ofSeconds(3),
            Duration.ofSeconds(30),
            Duration.ofSeconds(15),
            Rules.Vanished.EXITED,
            Set.of(PackageState.ERROR),
            false,
            100);

    public final Cascade cascade;
    private final Plan.TransactionLimits limits;
    public final TreeMap<String, KeyValue> store = new TreeMap<>();
    public final List<Transition> transitions = new ArrayList<>();
    public final List<Plan.Anomaly> notices = new ArrayList<>();
    public View view = View.EMPTY;
    public long revision;
    long nanos = TimeUnit.DAYS.toNanos(1);

    public CascadeRig() {
        this(RULES, new Plan.TransactionLimits(128, 1 << 20, 1L << 40));
    }

    public CascadeRig(Rules rules, Plan.TransactionLimits limits) {
        this.limits = limits;
        cascade = new Cascade(rules, limits);
    }

    public Timestamp now() {
        return new Timestamp(nanos, nanos);
    }

    public void pass(Duration time) {
        nanos += time.toNanos();
    }

    /** Decides and commits a batch as the manager does; every guard must hold. */
    public List<CommandResult> run(Command... batch) {
        nanos += 1_000_000;
        List<Command> waiting = Arrays.asList(batch);
        List<CommandResult> answers = new ArrayList<>();
        while (answers.size() < batch.length) {
            answers.addAll(decide(waiting.subList(answers.size(), batch.length)));
        }
        return answers;
    }

    private List<CommandResult> decide(List<Command> waiting) {
        Plan plan = cascade.plan(view, waiting, now());
        List<Long> revisions = new ArrayList<>();
        for (Plan.PlannedTransaction planned : plan.transactions()) {
            revisions.add(commit(planned.transaction()));
            transitions.addAll(planned.transitions());
        }
        view = cascade.committed(plan, revisions);
        notices.addAll(plan.anomalies());
        return plan.answers();
    }

    private long commit(Transaction transaction) {
        revision++;
        assertThat(transaction.refusal(limits.maxWrites(), limits.maxBytes())).isNull();
        assertThat(transaction.writes()).isNotEmpty().doesNotHaveDuplicates();
        assertThat(transaction.writes().stream().map(Transaction.Write::key)).doesNotHaveDuplicates();
        for (Transaction.Write write : transaction.writes()) {
            KeyValue old = store.get(write.key());
            assertThat(write.expectedRevision())
                    .as("guard of %s", write.key())
                    .isEqualTo(old == null ? 0 : old.modRevision());
            put(write.key(), write.value());
        }
        return revision;
    }

    private void put(String key, @Nullable String value) {
        KeyValue old = store.get(key);
        if (value == null) {
            store.remove(key);
        } else {
            store.put(key, new KeyValue(key, value, old == null ? revision : old.createRevision(), revision));
        }
    }

    /** Writes a key as another component and reports it to the cascade; null deletes the key. */
    public void foreign(String key, @Nullable String value) {
        revision++;
        put(key, value);
        run(new Command.StoreEvents(List.of(new WatchEvent(key, value, revision)), false));
    }

    /** Writes a key as another component, without reporting it to the cascade. */
    public void foreignUnseen(String key, @Nullable String value) {
        revision++;
        put(key, value);
    }

    /** Re-reads the store, as at a start. Returns how many transactions the repair took. */
    public int restart() {
        long before = revision;
        commit(new Transaction(List.of(Journal.fence(List.copyOf(
                store.subMap(Keys.JOURNAL_PREFIX, Keys.JOURNAL_PREFIX + "~").values())))));
        List<KeyValue> entries = new ArrayList<>(store.values());
        entries.sort(Comparator.comparingLong(KeyValue::createRevision).thenComparing(KeyValue::key));
        Cascade.Loaded loaded = cascade.load(new Snapshot(revision, entries), now());
        view = loaded.view();
        notices.addAll(loaded.anomalies());
        run(new Command.Repair());
        return (int) (revision - before);
    }

    /** Returns the keys in the store. */
    public Set<String> keys() {
        return store.keySet();
    }

    /** Returns the keys of states in the store. */
    public List<String> states() {
        return keys().stream().filter(key -> key.endsWith(Keys.STATE_SUFFIX)).toList();
    }

    /** Returns the messages of all anomalies so far. */
    public Stream<String> notices() {
        return notices.stream().map(Plan.Anomaly::message);
    }

    /** Returns the causes of all changes so far. */
    public Stream<String> causes() {
        return transitions.stream().map(Transition::cause);
    }

    public @Nullable String value(String key) {
        KeyValue found = store.get(key);
        return found == null ? null : found.value();
    }

    /** Returns the modification revision of a key, 0 if the key does not exist. */
    public long revision(String key) {
        KeyValue found = store.get(key);
        return found == null ? 0 : found.modRevision();
    }

    public @Nullable String packageState(String name) {
        return value(Keys.packageState(name));
    }

    public @Nullable String modelState(String name) {
        return value(Keys.modelState(name));
    }

    public @Nullable String scenarioState(String name) {
        return value(Keys.scenarioState(name));
    }

    public PackageEntry packageEntry(String name) {
        return Objects.requireNonNull(view.packages().get(name), name);
    }

    public ModelEntry modelEntry(String name) {
        return Objects.requireNonNull(view.models().get(name), name);
    }

    public NodeEntry node(String name) {
        return Objects.requireNonNull(view.nodes().get(name), name);
    }

    /** Returns {@code from>to} of all changes of a resource, in order. */
    public List<String> history(ResourceKind kind, String name) {
        return transitions.stream()
                .filter(transition ->
                        transition.kind() == kind && transition.name().equals(name))
                .map(transition -> transition.from() + ">" + transition.to())
                .toList();
    }

    public String lastCause(ResourceKind kind, String name) {
        return transitions.reversed().stream()
                .filter(transition ->
                        transition.kind() == kind && transition.name().equals(name))
                .findFirst()
                .orElseThrow()
                .cause();
    }

    public static Command apply(String... documents) {
        return new Command.ApplyArtifacts(parse(documents));
    }

    public static Command delete(String... documents) {
        return new Command.DeleteArtifacts(parse(documents));
    }

    private static List<Artifact> parse(String... documents) {
        try {
            return ArtifactParser.parseAll(String.join("\n---\n", documents));
        } catch (BrokenArtifactException e) {
            throw new AssertionError(e);
        }
    }

    public static String packageYaml(String name, String... models) {
        StringBuilder yaml = new StringBuilder("kind: Package\nmetadata:\n  name: " + name + "\nspec:\n  models:");
        if (models.length == 0) {
            yaml.append(" []");
        }
        for (String model : models) {
            yaml.append("\n    - name: ").append(model);
        }
        return yaml.toString();
    }

    public static String scenarioYaml(String name, String target) {
        return "kind: Scenario\nmetadata:\n  name: " + name + "\nspec:\n  action: launch\n  target: " + target;
    }

    public static String modelYaml(String name) {
        return "kind: Model\nmetadata:\n  name: " + name;
    }

    /**
     * Returns a report of a node. A container is {@code model/name=status} or {@code model/name=exited:139}, where the model may be
     * empty, and {@code :oom} may follow the code.
     */
    public static Command report(String node, String... containers) {
        return new Command.NodeReport(
                node, Arrays.stream(containers).map(CascadeRig::container).toList());
    }

    public static ContainerFacts container(String text) {
        String model = text.substring(0, text.indexOf('/'));
        String name = text.substring(text.indexOf('/') + 1, text.indexOf('='));
        String[] state = text.substring(text.indexOf('=') + 1).split(":", -1);
        return new ContainerFacts(
                "0123456789abcdef" + name,
                "/" + name,
                "image",
                Map.of(
                        "Status",
                        state[0],
                        "ExitCode",
                        state.length > 1 ? state[1] : "0",
                        "OOMKilled",
                        String.valueOf(state.length > 2)),
                Map.of("Hostname", "HPC"),
                model.isEmpty() ? Map.of() : Map.of("io.pullpiri.annotations.model", model));
    }
}
