// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.artifact.PackageArtifact;
import io.pullpiri.statemanager.artifact.ScenarioArtifact;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.StateCounts;
import io.pullpiri.statemanager.state.StateMachine;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Snapshot;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.History;
import io.pullpiri.statemanager.view.Journal;
import io.pullpiri.statemanager.view.Journal.Subject;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.OffloadEntry;
import io.pullpiri.statemanager.view.OffloadRecord;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.Peers;
import io.pullpiri.statemanager.view.ReconcileRecord;
import io.pullpiri.statemanager.view.RecordCodec;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.RestartRecord;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.StoreKey;
import io.pullpiri.statemanager.view.TrackedArtifact;
import io.pullpiri.statemanager.view.TrackedState;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.Versioned;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads a view from a snapshot of the store. It takes the keys as they are and derives no state; {@link StoreRepair} then
 * repairs what differs from the rules.
 */
final class ViewLoader {

    private final ViewBuilder builder;
    private final Map<Subject, History> histories = new HashMap<>();

    /** @param builder an empty view, which gets what is read */
    ViewLoader(ViewBuilder builder) {
        this.builder = builder;
    }

    /**
     * An entry of the snapshot, with its value parsed where parsing is slow.
     *
     * @param content a record, an artifact, or a text that says why an artifact is broken; null for other values, and for a
     *     record that cannot be read
     */
    private record Decoded(
            StoreKey key,
            String name,
            KeyValue entry,
            @Nullable Object content) {

        static @Nullable Decoded of(KeyValue entry) {
            StoreKey key = StoreKey.parse(entry.key());
            return key == null ? null : new Decoded(key, key.name().intern(), entry, content(key, entry.value()));
        }

        private static @Nullable Object content(StoreKey key, String value) {
            return switch (key) {
                case StoreKey.OwnKey own ->
                    switch (own.kind()) {
                        case JOURNAL -> RecordCodec.parse(value, RecordCodec.JournalRecordText.class);
                        case NODE -> RecordCodec.parse(value, RecordCodec.NodeRecord.class);
                        case RECONCILE -> RecordCodec.parse(value, ReconcileRecord.class);
                        case OFFLOAD -> RecordCodec.parse(value, OffloadRecord.class);
                        case RESTART -> RecordCodec.parse(value, RestartRecord.class);
                    };
                case StoreKey.ArtifactKey artifact ->
                    artifact.kind() == ResourceKind.MODEL ? null : artifact(artifact.kind(), key.name(), value);
                case StoreKey.StateKey state -> null;
                case StoreKey.MirrorMark mark -> null;
            };
        }

        private static Object artifact(ResourceKind kind, String name, String value) {
            try {
                return ArtifactHandler.read(kind, name, value);
            } catch (BrokenArtifactException e) {
                return e.reason();
            }
        }

        boolean isOf(StoreKey.RecordKind kind) {
            return key instanceof StoreKey.OwnKey own && own.kind() == kind;
        }
    }

    /** Reads the snapshot into the builder. */
    void load(Snapshot snapshot) {
        // Parsing YAML takes most of the time of a start on a large vehicle, and shares no state.
        List<Decoded> entries = snapshot.entries().parallelStream()
                .map(Decoded::of)
                .flatMap(Stream::ofNullable)
                .toList();
        List<Decoded> nodeRecords = new ArrayList<>();
        List<Decoded> journal = new ArrayList<>();
        List<Decoded> others = new ArrayList<>();
        for (Decoded each : entries) {
            List<Decoded> into = each.isOf(StoreKey.RecordKind.JOURNAL)
                    ? journal
                    : each.isOf(StoreKey.RecordKind.NODE) ? nodeRecords : others;
            into.add(each);
        }
        journal.sort(Comparator.comparing(each -> each.entry.key()));
        journal.forEach(this::journalRecord);
        others.forEach(this::readKey);
        // The newest node record has the right last known states.
        nodeRecords.sort(Comparator.comparingLong(each -> each.entry.modRevision()));
        nodeRecords.forEach(this::nodeRecord);
        restoreDerivedStates();
        nodeRecords.forEach(this::restoreLastKnownStates);
        histories.forEach(this::restoreHistory);
        builder.packages().values().forEach(this::countModels);
    }

    private void journalRecord(Decoded journal) {
        KeyValue entry = journal.entry;
        long sequence = Journal.sequence(entry.key());
        if (sequence < 0 || !(journal.content instanceof RecordCodec.JournalRecordText text)) {
            builder.addAnomaly(
                    "unreadable-record",
                    entry.key() + " is no journal record of StateManager, or is damaged; it is ignored");
            if (sequence >= 0) {
                // Its sequence number is used nevertheless.
                builder.addJournalRecord(sequence, List.of(), entry.modRevision());
            }
            return;
        }
        List<Subject> subjects = new ArrayList<>();
        List<Transition> all = new ArrayList<>(orEmpty(text.carried()));
        all.addAll(text.all());
        for (Transition transition : all) {
            Subject subject = Subject.of(transition);
            subjects.add(subject);
            History history = histories.getOrDefault(subject, History.NONE);
            histories.put(
                    subject,
                    history.decided(transition)
                            .recorded(sequence, builder.rules().historyLimit()));
        }
        for (Transition note : orEmpty(text.notes())) {
            Subject subject = Subject.of(note);
            subjects.add(subject);
            History history = histories.getOrDefault(subject, History.NONE);
            histories.put(subject, history.noted(sequence, builder.rules().historyLimit()));
        }
        builder.addJournalRecord(sequence, subjects, entry.modRevision());
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }

    private void readKey(Decoded decoded) {
        String name = decoded.name;
        String value = decoded.entry.value();
        long revision = decoded.entry.modRevision();
        switch (decoded.key) {
            case StoreKey.StateKey key -> builder.put(withState(builder.resource(key.kind(), name), value, revision));
            case StoreKey.ArtifactKey key -> {
                Versioned<String> text = new Versioned<>(value, revision);
                switch (builder.resource(key.kind(), name)) {
                    case PackageEntry entry -> packageArtifact(entry, decoded.content, text);
                    case ScenarioEntry entry -> scenarioArtifact(entry, decoded.content, text);
                    case ModelEntry entry -> builder.put(entry.withArtifactText(text));
                }
            }
            case StoreKey.MirrorMark mark -> builder.putMark(mark.name(), revision);
            case StoreKey.OwnKey key -> {
                switch (key.kind()) {
                    case RECONCILE ->
                        builder.put(builder.packageEntry(name)
                                .with(new Versioned<>(
                                        decoded.content instanceof ReconcileRecord record ? record : null, revision)));
                    case OFFLOAD -> offload(name, decoded);
                    case RESTART ->
                        builder.put(builder.model(name)
                                .withRestart(new Versioned<>(
                                        decoded.content instanceof RestartRecord record ? record : null, revision)));
                    case JOURNAL, NODE -> throw new AssertionError(key); // load() reads these separately
                }
            }
        }
    }

    /** Reads the record of an offload. Its settle time goes on with the time that is left. */
    // [impl->req~off-restart~1]
    private void offload(String model, Decoded decoded) {
        long revision = decoded.entry.modRevision();
        if (!(decoded.content instanceof OffloadRecord record)
                || !record.request().modelName().equals(model)) {
            builder.putOffload(model, new OffloadEntry(null, Long.MAX_VALUE, revision));
            builder.addAnomaly("unreadable-record", decoded.entry.key() + " is damaged; it is removed");
            return;
        }
        long left = record.settledNanos() - builder.now().wallNanos();
        long settleEnd = record.phase() == OffloadRecord.Phase.SETTLING
                ? builder.now().monotonicNanos() + Math.max(0, left)
                : Long.MAX_VALUE;
        builder.putOffload(model, new OffloadEntry(record, settleEnd, revision));
    }

    /**
     * Sets the state of a resource from its key. If the key's value is no state, the resource keeps the last state of its
     * history. A package keeps it in any case, because only StateManager may write its key.
     */
    private <S extends NamedState> ResourceEntry<S> withState(ResourceEntry<S> entry, String value, long revision) {
        S stored = entry.parseState(value);
        History history = histories.getOrDefault(entry.subject(), History.NONE);
        Transition latest = history.latest();
        S past = latest == null ? null : entry.parseState(latest.to());
        S state = stored == null || (entry.kind() == ResourceKind.PACKAGE && latest != null) ? past : stored;
        return entry.with(new TrackedState<>(state, new Versioned<>(stored, revision), history));
    }

    private void packageArtifact(PackageEntry entry, @Nullable Object content, Versioned<String> text) {
        TrackedArtifact<PackageArtifact> artifact = artifact(PackageArtifact.class, content, text);
        builder.put(entry.with(artifact));
        if (artifact.good() != null) {
            ArtifactHandler.warnOfNames(builder, artifact.good());
            for (PackageArtifact.ModelRef ref : artifact.good().models()) {
                ModelEntry model = builder.model(ref.name());
                builder.put(model.with(model.packages().plus(entry.name())));
            }
        }
    }

    private void scenarioArtifact(ScenarioEntry entry, @Nullable Object content, Versioned<String> text) {
        TrackedArtifact<ScenarioArtifact> artifact = artifact(ScenarioArtifact.class, content, text);
        builder.put(entry.with(artifact));
        if (artifact.good() != null) {
            ArtifactHandler.warnOfNames(builder, artifact.good());
        }
    }

    private static <A extends Artifact> TrackedArtifact<A> artifact(
            Class<A> kind, @Nullable Object content, Versioned<String> text) {
        return kind.isInstance(content)
                ? new TrackedArtifact<>(kind.cast(content), null, text)
                : new TrackedArtifact<>(null, String.valueOf(content), text);
    }

    /** Reads a node record. */
    private void nodeRecord(Decoded decoded) {
        String name = decoded.name;
        KeyValue entry = decoded.entry;
        if (!(decoded.content instanceof RecordCodec.NodeRecord node)) {
            builder.put(NodeEntry.damaged(name, builder.now().monotonicNanos(), entry.modRevision()));
            builder.addAnomaly("unreadable-record", entry.key() + " is damaged; the node's next report replaces it");
            return;
        }
        TreeMap<String, Container> containers = new TreeMap<>();
        Map<String, List<Container>> byModel = new TreeMap<>();
        for (Container container : orEmpty(node.containers())) {
            containers.put(container.name(), container);
            if (container.model() != null) {
                byModel.computeIfAbsent(container.model(), any -> new ArrayList<>())
                        .add(container);
            }
            if (container.label() == null) {
                builder.indexByName(container.name(), name, true);
            }
        }
        byModel.forEach((model, ofNode) -> builder.put(builder.model(model).withContainers(name, ofNode)));
        Map<String, ModelState> lastKnown = node.lastKnownStates() == null ? Map.of() : node.lastKnownStates();
        long reportedMillis = node.reportedMillis() == null ? 0 : node.reportedMillis();
        long silentMillis = reportedMillis == 0 ? 0 : Math.max(0, builder.now().wallMillis() - reportedMillis);
        builder.put(new NodeEntry(
                name,
                containers,
                new TreeMap<>(lastKnown),
                AbsentContainers.timers(containers.values(), builder.rules(), builder.now()),
                reportedMillis,
                builder.now().monotonicNanos() - TimeUnit.MILLISECONDS.toNanos(silentMillis),
                Boolean.TRUE.equals(node.known()) || builder.nameKnownModel(containers.values()),
                Peers.NONE,
                entry.modRevision(),
                false));
    }

    /** Sets the derived states, so that only a later change of them writes a model's key. */
    private void restoreDerivedStates() {
        for (ModelEntry model : builder.models().values()) {
            ModelState derived = builder.derivedState(model);
            if (derived != null) {
                builder.put(model.derived(derived));
            }
        }
    }

    private void restoreLastKnownStates(Decoded record) {
        NodeEntry node = builder.nodes().get(record.name);
        if (node == null) {
            return;
        }
        node.lastKnownStates().forEach((name, state) -> {
            ModelEntry model = builder.models().get(name);
            if (model != null
                    && model.containers().containsKey(node.name())
                    && StateMachine.modelState(model.containerCounts()) == null) {
                builder.put(model.derived(state));
            }
        });
    }

    /**
     * Adds the history of a resource without a key. The resource may have been deleted while StateManager did not run, and for a
     * model without a state the history says whether StateManager removed the state.
     */
    private void restoreHistory(Subject subject, History history) {
        Transition latest = history.latest();
        // A node that was forgotten leaves nothing.
        if (latest == null || subject.kind() == ResourceKind.NODE) {
            return;
        }
        ResourceEntry<?> known = builder.resource(subject.kind(), subject.name());
        if (known.state().history().latest() != null) {
            return;
        }
        // Only StateManager may delete a package's key, so the package keeps its state until the repair.
        builder.put(
                known instanceof PackageEntry entry
                        ? entry.with(entry.state().with(PackageState.parse(latest.to()), history))
                        : known.with(history));
    }

    private void countModels(PackageEntry entry) {
        PackageArtifact artifact = entry.artifact().good();
        if (artifact == null) {
            return;
        }
        List<ModelState> counted = new ArrayList<>();
        int withState = 0;
        for (PackageArtifact.ModelRef ref : artifact.models()) {
            ModelEntry model = builder.model(ref.name());
            counted.add(model.counted());
            withState += model.state().value() == null ? 0 : 1;
        }
        builder.put(entry.with(StateCounts.of(ModelState.class, counted), withState));
    }
}
