// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.cascade.Plan.PlannedTransaction;
import io.pullpiri.statemanager.cascade.Plan.TransactionLimits;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.Transaction.Write;
import io.pullpiri.statemanager.view.History;
import io.pullpiri.statemanager.view.Journal;
import io.pullpiri.statemanager.view.Journal.Subject;
import io.pullpiri.statemanager.view.MirrorMarks;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.OffloadEntry;
import io.pullpiri.statemanager.view.OffloadRecord;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ReconcileRecord;
import io.pullpiri.statemanager.view.RecordCodec;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.RestartRecord;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.StoreKey;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.Versioned;
import io.pullpiri.statemanager.view.View;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Turns a change set into transactions. It writes the keys that differ from the store, and one journal record with all changes.
 * All of it is one transaction if the store accepts that much. Otherwise it is split in this order: artifacts, models,
 * scenarios, packages, offload records, node records. After a crash between two transactions, the next start or the next report of a node
 * repairs the rest.
 */
final class TransactionPlanner {

    /** The oldest journal records are deleted if there are more changes than this, and more than four for each resource. */
    private static final long CHANGES_KEPT = 50_000;

    /** How many old records one commit deletes at most. More than one, so that the journal shrinks to its bound. */
    private static final int TRIMMED_AT_ONCE = 4;

    /** Models first: packages follow from them, and a crash between two transactions must not leave a package ahead. */
    private static final List<ResourceKind> WRITE_ORDER =
            List.of(ResourceKind.MODEL, ResourceKind.SCENARIO, ResourceKind.PACKAGE);

    /** The value of a mark. Only the key counts. */
    private static final String MARK = "{}";

    private final ChangeSet changeSet;
    private final Rules rules;
    private final TransactionLimits limits;

    private final List<Item> items = new ArrayList<>();
    private final List<PlannedTransaction> planned = new ArrayList<>();
    private boolean split;

    /**
     * The histories that differ from those of {@code changeSet.after()}, because a journal record was added or removed; null
     * while a resource's changes are in no transaction yet.
     */
    private final Map<Subject, @Nullable History> histories;

    private Journal journal;

    /**
     * What the commands of a batch changed.
     *
     * @param before the view that the batch was decided on
     * @param after the view with all changes, but without their places in the journal
     * @param touched the resources and nodes whose keys may have to be written, by kind, in the order of the changes
     * @param offloads the models whose offload records may have to be written
     * @param artifactWrites the resources whose artifacts have to be written or deleted
     * @param transitions the changes of state, in order
     */
    record ChangeSet(
            View before,
            View after,
            Map<ResourceKind, Set<String>> touched,
            Set<String> offloads,
            Set<Subject> artifactWrites,
            List<Transition> transitions) {}

    /**
     * The transactions of a change set.
     *
     * @param transactions to be committed in this order
     * @param split whether the changes are too large for one transaction
     * @param histories the histories that changed because their changes are recorded
     * @param journal the journal with the records of the transactions
     */
    record Result(
            List<PlannedTransaction> transactions,
            boolean split,
            Map<Subject, @Nullable History> histories,
            Journal journal) {}

    /** Plans the transactions that write a change set to the store. A pure function. */
    static Result plan(ChangeSet changeSet, Rules rules, TransactionLimits limits) {
        TransactionPlanner planner = new TransactionPlanner(changeSet, rules, limits);
        planner.collect();
        planner.fill();
        return new Result(planner.planned, planner.split, planner.histories, planner.journal);
    }

    /** Writes that go into one transaction, with the changes that they make durable. */
    private record Item(List<Write> writes, List<Transition> transitions) {

        long bytes() {
            long bytes = 0;
            for (Write write : writes) {
                bytes += write.bytes();
            }
            for (Transition transition : transitions) {
                bytes += transition.recordedBytes();
            }
            return bytes;
        }
    }

    private TransactionPlanner(ChangeSet changeSet, Rules rules, TransactionLimits limits) {
        this.changeSet = changeSet;
        this.rules = rules;
        this.limits = limits;
        this.journal = changeSet.after().journal();
        this.histories = HashMap.newHashMap(changeSet.transitions().size());
    }

    /** Lists what to write, in the order in which it may be split. */
    private void collect() {
        Map<Subject, List<Transition>> changes =
                LinkedHashMap.newLinkedHashMap(changeSet.transitions().size());
        for (Transition transition : changeSet.transitions()) {
            changes.computeIfAbsent(Subject.of(transition), any -> new ArrayList<>())
                    .add(transition);
        }
        changes.keySet().forEach(subject -> histories.put(subject, null));
        for (Subject artifact : changeSet.artifactWrites()) {
            add(artifact(artifact), null);
        }
        // An artifact and its mark are one item, so they are in one transaction.
        for (String name : changeSet.after().mirrorMarks().changes().keySet()) {
            if (!(StoreKey.parse(name) instanceof StoreKey.ArtifactKey key
                    && changeSet.artifactWrites().contains(new Subject(key.kind(), key.name())))) {
                add(mark(name), null);
            }
        }
        for (ResourceKind kind : WRITE_ORDER) {
            for (String name : touched(kind)) {
                add(resource(kind, name), changes.remove(new Subject(kind, name)));
            }
        }
        Map<String, List<Transition>> ofNodes = new HashMap<>();
        for (String name : touched(ResourceKind.NODE)) {
            ofNodes.put(name, changes.remove(new Subject(ResourceKind.NODE, name)));
        }
        changes.values().forEach(rest -> add(List.of(), rest));
        for (String model : changeSet.offloads()) {
            add(offload(model), null);
        }
        for (String name : touched(ResourceKind.NODE)) {
            add(node(name), ofNodes.get(name));
        }
    }

    private Set<String> touched(ResourceKind kind) {
        return changeSet.touched().getOrDefault(kind, Set.of());
    }

    private void add(List<Write> writes, @Nullable List<Transition> transitions) {
        if (!writes.isEmpty() || transitions != null) {
            items.add(new Item(writes, transitions == null ? List.of() : transitions));
        }
    }

    private List<Write> artifact(Subject subject) {
        ResourceEntry<?> entry = changeSet.after().resource(subject.kind(), subject.name());
        Versioned<String> text = entry == null ? Versioned.absent() : entry.artifactText();
        String key = new StoreKey.ArtifactKey(subject.kind(), subject.name()).text();
        List<Write> writes = new ArrayList<>();
        if (text.value() != null || text.exists()) {
            writes.add(new Write(key, text.value(), text.revision()));
        }
        writes.addAll(mark(key));
        return writes;
    }

    private List<Write> mark(String name) {
        MirrorMarks marks = changeSet.after().mirrorMarks();
        Boolean isSet = marks.changes().get(name);
        return isSet == null
                ? List.of()
                : List.of(new Write(new StoreKey.MirrorMark(name).text(), isSet ? MARK : null, marks.revision(name)));
    }

    private List<Write> resource(ResourceKind kind, String name) {
        ResourceEntry<?> entry = changeSet.after().resource(kind, name);
        return switch (entry) {
            case PackageEntry of -> packageState(of);
            case ModelEntry of -> modelState(of);
            case ScenarioEntry of -> state(of);
            case null -> kind == ResourceKind.PACKAGE ? packageState(PackageEntry.empty(name)) : List.of();
        };
    }

    private List<Write> packageState(PackageEntry entry) {
        List<Write> writes = new ArrayList<>();
        // A stored state that cannot be read stays while the artifact is broken; a state that was taken away does not.
        if (entry.state().value() != null
                || entry.artifact().broken() == null
                || entry.state().stored().value() != null) {
            writes.addAll(state(entry));
        }
        writes.addAll(reconcile(entry));
        return writes;
    }

    private List<Write> state(ResourceEntry<?> entry) {
        NamedState value = entry.state().value();
        Versioned<? extends NamedState> stored = entry.state().stored();
        boolean same = value == null ? !stored.exists() : value.equals(stored.value());
        if (same) {
            return List.of();
        }
        String text = value == null ? null : rules.protobufNames() ? value.protobufName() : value.title();
        return List.of(new Write(new StoreKey.StateKey(entry.kind(), entry.name()).text(), text, stored.revision()));
    }

    private List<Write> reconcile(PackageEntry entry) {
        PackageEntry before = changeSet.before().packages().get(entry.name());
        Versioned<ReconcileRecord> record = entry.reconcile();
        boolean damaged = record.value() == null && record.exists();
        if (!damaged
                && Objects.equals(
                        record.value(),
                        before == null ? null : before.reconcile().value())) {
            return List.of();
        }
        return List.of(new Write(
                Keys.reconcile(entry.name()),
                record.value() == null ? null : RecordCodec.text(record.value()),
                record.revision()));
    }

    // [impl->req~off-record~2]
    private List<Write> offload(String model) {
        OffloadEntry before = changeSet.before().offloads().get(model);
        OffloadEntry after = changeSet.after().offloads().get(model);
        OffloadRecord record = after == null ? null : after.record();
        if (after == null || (record != null && record.equals(before == null ? null : before.record()))) {
            return List.of();
        }
        return List.of(
                new Write(Keys.offload(model), record == null ? null : RecordCodec.text(record), after.revision()));
    }

    private List<Write> modelState(ModelEntry entry) {
        List<Write> writes = new ArrayList<>(state(entry));
        ModelEntry before = changeSet.before().models().get(entry.name());
        Versioned<RestartRecord> record = entry.restart();
        boolean changed = !Objects.equals(
                record.value(), before == null ? null : before.restart().value());
        if (changed && (record.value() != null || record.exists())) {
            writes.add(new Write(
                    Keys.restart(entry.name()),
                    record.value() == null ? null : RecordCodec.text(record.value()),
                    record.revision()));
        }
        return writes;
    }

    // [impl->req~nod-record~1]
    private List<Write> node(String name) {
        NodeEntry entry = changeSet.after().nodes().get(name);
        NodeEntry before = changeSet.before().nodes().get(name);
        if (entry == null) {
            return before == null || before.revision() == 0
                    ? List.of()
                    : List.of(new Write(Keys.node(name), null, before.revision()));
        }
        if (before != null
                && entry.containers().equals(before.containers())
                && entry.lastKnownStates().equals(before.lastKnownStates())) {
            return List.of();
        }
        return List.of(
                new Write(Keys.node(name), RecordCodec.text(RecordCodec.NodeRecord.of(entry)), entry.revision()));
    }

    /** How many writes fit into a transaction beside the journal record and the deletion of old records. */
    static int room(TransactionLimits limits) {
        return limits.maxWrites() - 1 - TRIMMED_AT_ONCE;
    }

    /** Fills transactions up to the store's limits. */
    // [impl->req~sto-transaction~1]
    private void fill() {
        int room = room(limits);
        List<Item> together = new ArrayList<>();
        int writes = 0;
        long bytes = 0;
        for (Item item : items) {
            long more = item.bytes();
            if (!together.isEmpty() && (writes + item.writes().size() > room || bytes + more > limits.maxBytes())) {
                split = true;
                addTransaction(together, bytes);
                together.clear();
                writes = 0;
                bytes = 0;
            }
            together.add(item);
            writes += item.writes().size();
            bytes += more;
        }
        if (!together.isEmpty()) {
            addTransaction(together, bytes);
        }
        if (!planned.isEmpty()
                && isJournalTooLong()
                && journal.hasOldestOf(changeSet.before().journal())) {
            addTransaction(List.of(), 0); // no transaction had room for what the oldest record carries forward
        }
    }

    /**
     * Makes a transaction of the items, with a journal record.
     *
     * @param bytes an upper estimate of the items' bytes
     */
    private void addTransaction(Collection<Item> together, long bytes) {
        List<Write> writes = new ArrayList<>();
        List<Transition> transitions = new ArrayList<>();
        for (Item item : together) {
            writes.addAll(item.writes());
            transitions.addAll(item.transitions());
        }
        if (transitions.size() == changeSet.transitions().size()) {
            transitions = changeSet.transitions(); // in the order in which they were decided
        }
        List<Transition> notes = transitions.stream().filter(Transition::isNote).toList();
        List<Transition> changes = ofResources(transitions);
        List<Transition> nodes = ofNodes(transitions);
        transitions = nodes.isEmpty() // subscribers get no notes
                ? changes
                : Stream.concat(changes.stream(), nodes.stream()).toList();
        long sequence = journal.next();
        List<Subject> subjects = new ArrayList<>();
        for (Transition transition : transitions) {
            Subject subject = Subject.of(transition);
            subjects.add(subject);
            histories.put(subject, history(subject).recorded(sequence, rules.historyLimit()));
        }
        for (Transition note : notes) {
            Subject subject = Subject.of(note);
            subjects.add(subject);
            histories.put(subject, history(subject).noted(sequence, rules.historyLimit()));
        }
        List<Transition> carried = trim(writes, sequence, limits.maxBytes() - bytes);
        carried.forEach(transition -> subjects.add(Subject.of(transition)));
        if (subjects.isEmpty()) {
            // Without a change there is no record. The guard on its key still orders this commit before the next one.
            writes.add(new Write(Keys.journal(sequence), null, 0));
            planned.add(new PlannedTransaction(new Transaction(writes), transitions, -1));
            return;
        }
        journal = journal.plus(sequence, subjects, 0);
        String text = RecordCodec.text(new RecordCodec.JournalRecordText(changes, carried, nodes, notes));
        writes.add(new Write(Keys.journal(sequence), text, 0));
        planned.add(new PlannedTransaction(new Transaction(writes), transitions, sequence));
    }

    private static List<Transition> ofResources(List<Transition> transitions) {
        return transitions.stream()
                .filter(transition -> transition.kind() != ResourceKind.NODE && !transition.isNote())
                .toList();
    }

    private static List<Transition> ofNodes(List<Transition> transitions) {
        return transitions.stream()
                .filter(transition -> transition.kind() == ResourceKind.NODE)
                .toList();
    }

    private History history(Subject subject) {
        History changed = histories.get(subject);
        if (changed != null) {
            return changed;
        }
        ResourceEntry<?> entry = changeSet.after().resource(subject.kind(), subject.name());
        return entry == null ? History.NONE : entry.state().history();
    }

    private boolean isPending(Subject subject) {
        return histories.containsKey(subject) && histories.get(subject) == null;
    }

    private boolean isJournalTooLong() {
        View after = changeSet.after();
        long resources = 0;
        for (ResourceKind kind : ResourceKind.WITH_STATES) {
            resources += after.resources(kind).size();
        }
        return journal.changes() > Math.max(CHANGES_KEPT, 4 * resources);
    }

    /**
     * Deletes the oldest records while there are too many. A transition that is still the latest of its resource is carried
     * forward into the new record.
     *
     * @param room the bytes left for what is carried forward. In a transaction without other writes the first record is
     *     always carried forward: it fitted into a transaction before.
     */
    // [impl->req~sto-journal~1]
    private List<Transition> trim(List<Write> writes, long sequence, long room) {
        List<Transition> carried = new ArrayList<>();
        boolean alone = writes.isEmpty();
        long bytes = 0;
        for (int i = 0; i < TRIMMED_AT_ONCE && isJournalTooLong(); i++) {
            Map.Entry<Long, Journal.JournalRecord> oldest = journal.records().firstEntry();
            if (oldest.getValue().revision() == 0) {
                break; // a record of this plan
            }
            long trimmed = oldest.getKey();
            List<Subject> newest = oldest.getValue().subjects().stream()
                    .distinct()
                    .filter(subject -> history(subject).newestRecord() == trimmed)
                    .toList();
            if (newest.stream().anyMatch(this::isPending)) {
                break; // it is deleted with the transaction that records the newer change
            }
            List<Transition> still = newest.stream()
                    .map(subject -> history(subject).latest())
                    .filter(latest -> latest != null && !latest.to().isEmpty())
                    .toList();
            bytes += still.stream().mapToLong(Transition::recordedBytes).sum();
            if (!still.isEmpty() && bytes > room && !(alone && i == 0)) {
                break;
            }
            carried.addAll(still);
            for (Transition latest : still) {
                Subject subject = Subject.of(latest);
                histories.put(subject, history(subject).carriedTo(sequence));
            }
            writes.add(new Write(Keys.journal(trimmed), null, oldest.getValue().revision()));
            journal = journal.minus(trimmed);
        }
        return carried;
    }
}
