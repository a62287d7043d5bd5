// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.artifact.ScenarioArtifact;
import io.pullpiri.statemanager.cascade.Plan.Anomaly;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.StateMachine;
import io.pullpiri.statemanager.view.Container;
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
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.RestartRecord;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.UnknownNodes;
import io.pullpiri.statemanager.view.Versioned;
import io.pullpiri.statemanager.view.View;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pcollections.PSet;
import org.pcollections.TreePMap;
import org.pcollections.TreePSet;

/**
 * The view while a batch is decided. It starts from one view, takes the changes of the commands one after the other, and
 * gives the next view. It keeps indexes and memory estimates consistent with the entries, and collects what changed.
 *
 * <p>Only this class assigns its fields. It decides nothing: {@link StatePropagation} and the handlers do. Used by one
 * thread, for one {@link Cascade#plan}.
 */
final class ViewBuilder {

    /** The name of the limit on the view's memory, in metrics and in the log. */
    static final String MEMORY = "memory";

    private final Rules rules;
    private final Timestamp now;
    private final long maxMemory;

    private TreePMap<String, PackageEntry> packages;
    private TreePMap<String, ModelEntry> models;
    private TreePMap<String, ScenarioEntry> scenarios;
    private TreePMap<String, NodeEntry> nodes;
    private long bytes;
    private TreePMap<String, PSet<String>> scenariosByTarget;
    private PSet<String> brokenWithoutGood;
    private TreePMap<String, PSet<String>> withoutLabel;
    private PSet<String> overwritten;
    private PSet<String> nodesWithAbsent;
    private TreePMap<String, Long> tombstones;
    private TreePMap<String, OffloadEntry> offloads;
    private MirrorMarks mirrorMarks;
    private UnknownNodes unknownNodes;
    private Journal journal;

    /** Whose keys may have to be written, in the order of the changes. */
    private final Map<ResourceKind, Set<String>> touched = new EnumMap<>(ResourceKind.class);

    private final Set<Subject> artifactWrites = new LinkedHashSet<>();

    /** Removed nodes, and the commits that wrote their records: a record exists until the plan is committed. */
    private final Map<String, Long> removedNodes = new HashMap<>();

    private final Set<String> touchedOffloads = new LinkedHashSet<>();
    private int reconcileWrites;
    private final List<Transition> transitions = new ArrayList<>();
    private final List<Anomaly> anomalies = new ArrayList<>();

    /** @param maxMemory see {@link Plan.TransactionLimits} */
    ViewBuilder(View view, Rules rules, Timestamp now, long maxMemory) {
        this.rules = rules;
        this.now = now;
        this.maxMemory = maxMemory;
        packages = view.packages();
        models = view.models();
        scenarios = view.scenarios();
        nodes = view.nodes();
        bytes = view.bytes();
        scenariosByTarget = view.scenariosByTarget();
        brokenWithoutGood = view.brokenWithoutGood();
        withoutLabel = view.withoutLabel();
        overwritten = view.overwritten();
        nodesWithAbsent = view.nodesWithAbsent();
        tombstones = view.tombstones();
        offloads = view.offloads();
        mirrorMarks = view.mirrorMarks();
        unknownNodes = view.unknownNodes();
        journal = view.journal();
    }

    /** The view with all changes so far. */
    View view() {
        return new View(
                packages,
                models,
                scenarios,
                nodes,
                bytes,
                scenariosByTarget,
                brokenWithoutGood,
                withoutLabel,
                overwritten,
                nodesWithAbsent,
                journal,
                tombstones,
                offloads,
                mirrorMarks,
                unknownNodes);
    }

    Rules rules() {
        return rules;
    }

    /** The time at which the batch is decided. */
    Timestamp now() {
        return now;
    }

    long maxMemory() {
        return maxMemory;
    }

    TreePMap<String, PackageEntry> packages() {
        return packages;
    }

    TreePMap<String, ModelEntry> models() {
        return models;
    }

    TreePMap<String, ScenarioEntry> scenarios() {
        return scenarios;
    }

    TreePMap<String, NodeEntry> nodes() {
        return nodes;
    }

    UnknownNodes unknownNodes() {
        return unknownNodes;
    }

    /** See {@link View#withoutLabel}. */
    TreePMap<String, PSet<String>> withoutLabel() {
        return withoutLabel;
    }

    /** See {@link View#overwritten}. */
    PSet<String> overwritten() {
        return overwritten;
    }

    /** See {@link View#nodesWithAbsent}. */
    PSet<String> nodesWithAbsent() {
        return nodesWithAbsent;
    }

    /** The package as it is now; an empty entry for an unknown one. */
    PackageEntry packageEntry(String name) {
        PackageEntry entry = packages.get(name);
        return entry == null ? PackageEntry.empty(name) : entry;
    }

    /** The model as it is now; an empty entry for an unknown one. */
    ModelEntry model(String name) {
        ModelEntry entry = models.get(name);
        return entry == null ? ModelEntry.empty(name) : entry;
    }

    /** The scenario as it is now; an empty entry for an unknown one. */
    ScenarioEntry scenario(String name) {
        ScenarioEntry entry = scenarios.get(name);
        return entry == null ? ScenarioEntry.empty(name) : entry;
    }

    /** The resource as it is now; an empty entry for an unknown one. The kind must have states. */
    ResourceEntry<?> resource(ResourceKind kind, String name) {
        return switch (kind) {
            case PACKAGE -> packageEntry(name);
            case MODEL -> model(name);
            case SCENARIO -> scenario(name);
            case NODE -> ResourceEntry.empty(kind, name);
        };
    }

    /** The node as it is now; an empty entry for an unknown one. The entry has the revision of the stored record. */
    NodeEntry node(String name) {
        NodeEntry entry = nodes.get(name);
        return entry == null ? NodeEntry.empty(name).at(removedNodes.getOrDefault(name, 0L)) : entry;
    }

    /** Puts an entry in place of the resource's earlier one. An entry without content is removed. */
    void put(ResourceEntry<?> entry) {
        switch (entry) {
            case PackageEntry of -> {
                packages = replaced(packages, of);
                brokenWithoutGood = of.artifact().isBrokenWithoutGood()
                        ? brokenWithoutGood.plus(of.name())
                        : brokenWithoutGood.minus(of.name());
            }
            case ModelEntry of -> models = replaced(models, of);
            case ScenarioEntry of -> {
                ScenarioArtifact before = scenario(of.name()).artifact().good();
                scenarios = replaced(scenarios, of);
                if (!Objects.equals(before, of.artifact().good())) {
                    indexTarget(before, of.name(), false);
                    indexTarget(of.artifact().good(), of.name(), true);
                }
            }
        }
    }

    private <E extends ResourceEntry<?>> TreePMap<String, E> replaced(TreePMap<String, E> all, E entry) {
        E before = all.get(entry.name());
        bytes -= before == null ? 0 : before.bytes();
        if (entry.isVoid()) {
            return all.minus(entry.name());
        }
        bytes += entry.bytes();
        return all.plus(entry.name(), entry);
    }

    private void indexTarget(@Nullable ScenarioArtifact artifact, String scenario, boolean present) {
        if (artifact != null) {
            scenariosByTarget = index(scenariosByTarget, artifact.target(), scenario, present);
        }
    }

    private static TreePMap<String, PSet<String>> index(
            TreePMap<String, PSet<String>> index, String key, String name, boolean present) {
        PSet<String> names = index.getOrDefault(key, TreePSet.<String>empty());
        names = present ? names.plus(name) : names.minus(name);
        return names.isEmpty() ? index.minus(key) : index.plus(key, names);
    }

    /** Puts an entry in place of the node's earlier one. */
    void put(NodeEntry entry) {
        NodeEntry before = nodes.get(entry.name());
        bytes += entry.bytes() - (before == null ? 0 : before.bytes());
        nodes = nodes.plus(entry.name(), entry);
        nodesWithAbsent =
                entry.graceEnds().isEmpty() ? nodesWithAbsent.minus(entry.name()) : nodesWithAbsent.plus(entry.name());
        unknownNodes = before == null || before.isKnown() ? unknownNodes : unknownNodes.minus(before);
        unknownNodes = entry.isKnown() ? unknownNodes : unknownNodes.plus(entry);
    }

    /** Removes a node. Its containers must have been removed before. */
    void removeNode(String name) {
        NodeEntry before = nodes.get(name);
        if (before != null) {
            removedNodes.put(name, before.revision());
            bytes -= before.bytes();
            nodes = nodes.minus(name);
            nodesWithAbsent = nodesWithAbsent.minus(name);
            unknownNodes = before.isKnown() ? unknownNodes : unknownNodes.minus(before);
            touch(ResourceKind.NODE, name);
        }
    }

    /** Notes whether a node has a container that belongs to a model by its name alone, or to none. */
    void indexByName(String container, String node, boolean present) {
        withoutLabel = index(withoutLabel, container, node, present);
    }

    /** Whether a package is broken without a good artifact, so that it may name any model. */
    boolean hasBrokenWithoutGood() {
        return !brokenWithoutGood.isEmpty();
    }

    /** Whether one of the containers belongs to a model that a package names. */
    boolean nameKnownModel(Collection<Container> containers) {
        return containers.stream().anyMatch(container -> container.model() != null && isNamed(container.model()));
    }

    /** Whether a package names the model. */
    boolean isNamed(String model) {
        return !model(model).packages().isEmpty();
    }

    /** Whether a package names the model, or a package that is broken without a good artifact may name it. */
    boolean mayBeNamed(ModelEntry entry) {
        return !entry.packages().isEmpty() || hasBrokenWithoutGood();
    }

    /** Whether the view may grow by so many bytes. */
    // [impl->req~bad-memory~1]
    boolean hasRoomFor(long more) {
        return more <= 0 || bytes + journal.bytes() + more <= maxMemory;
    }

    /** Records a transition, which the plan will write to the journal. */
    void addTransition(Transition transition) {
        transitions.add(transition);
    }

    /** Sets or removes (null) the reconcile record of a package. */
    void putReconcile(PackageEntry entry, @Nullable ReconcileRecord reconcile) {
        reconcileWrites++;
        put(entry.with(new Versioned<>(reconcile, entry.reconcile().revision())));
    }

    /** See {@link View#offloads}. */
    TreePMap<String, OffloadEntry> offloads() {
        return offloads;
    }

    /** See {@link View#offload}. */
    @Nullable
    OffloadRecord offload(String model) {
        OffloadEntry entry = offloads.get(model);
        return entry == null ? null : entry.record();
    }

    /** Puts an entry in place of the model's earlier one. An entry without a record and without a stored one is removed. */
    void putOffload(String model, OffloadEntry entry) {
        OffloadEntry before = offloads.get(model);
        bytes -= before == null ? 0 : before.bytes();
        if (entry.record() == null && entry.revision() == 0) {
            offloads = offloads.minus(model);
        } else {
            bytes += entry.bytes();
            offloads = offloads.plus(model, entry);
        }
    }

    /**
     * Sets or removes (null) the record of a model's offload, which the plan will write.
     *
     * @param settleEnd see {@link OffloadEntry#settleEnd}
     */
    void setOffload(String model, @Nullable OffloadRecord record, long settleEnd) {
        OffloadEntry before = offloads.get(model);
        putOffload(model, new OffloadEntry(record, settleEnd, before == null ? 0 : before.revision()));
        touchedOffloads.add(model);
    }

    /** The models whose offload records may have to be written. */
    Set<String> touchedOffloads() {
        return Collections.unmodifiableSet(touchedOffloads);
    }

    /** The state that the containers of a model give, or its offload; null if none is known. */
    // [impl->req~off-dead~1]
    @Nullable
    ModelState derivedState(ModelEntry entry) {
        OffloadRecord offload = offload(entry.name());
        return offload != null && !entry.containers().isEmpty() && offload.keepsDead(entry)
                ? ModelState.DEAD
                : StateMachine.modelState(entry.containerCounts());
    }

    /** Sets or removes (null) the record of a model's restarts in place. */
    void putRestart(String model, @Nullable RestartRecord restart) {
        ModelEntry entry = model(model);
        if (!Objects.equals(entry.restart().value(), restart)) {
            reconcileWrites++;
            put(entry.withRestart(new Versioned<>(restart, entry.restart().revision())));
            touch(ResourceKind.MODEL, model);
        }
    }

    /** Notes whether a package's state key was overwritten by another component and is still to be repaired. */
    void setOverwritten(String packageName, boolean isOverwritten) {
        overwritten = isOverwritten ? overwritten.plus(packageName) : overwritten.minus(packageName);
    }

    /** The revision at which a watched key was deleted; null if none is remembered. */
    @Nullable
    Long tombstone(String key) {
        return tombstones.get(key);
    }

    /** Remembers that a watched key was deleted: events of earlier revisions are old. */
    void putTombstone(String key, long revision) {
        tombstones = tombstones.plus(key, revision);
    }

    void removeTombstone(String key) {
        tombstones = tombstones.minus(key);
    }

    MirrorMarks mirrorMarks() {
        return mirrorMarks;
    }

    /** Sets or removes a mark of the mirror. */
    void setMark(String name, boolean isSet) {
        mirrorMarks = mirrorMarks.with(name, isSet);
    }

    /** Enters a mark's key as it is stored; revision 0 is a key that does not exist. */
    void putMark(String name, long revision) {
        mirrorMarks = mirrorMarks.at(name, revision);
    }

    /** Adds a journal record that was read from the store. */
    void addJournalRecord(long sequence, List<Subject> subjects, long revision) {
        journal = journal.plus(sequence, subjects, revision);
    }

    /** Notes the revision of a journal record of an earlier plan. */
    void confirmJournalRecord(long sequence, long revision) {
        journal = journal.written(sequence, revision);
    }

    /** Takes over where a plan records the transitions. The changes of a node are in the journal only. */
    void putRecorded(Map<Subject, @Nullable History> histories, Journal withRecords) {
        histories.forEach((subject, history) -> {
            if (history != null && subject.kind() != ResourceKind.NODE) {
                put(resource(subject.kind(), subject.name()).with(history));
            }
        });
        journal = withRecords;
    }

    /** Notes that keys of a resource may have to be written. */
    void touch(ResourceKind kind, String name) {
        touched.computeIfAbsent(kind, any -> new LinkedHashSet<>()).add(name);
    }

    /** The resources whose keys may have to be written, by kind, in the order of the changes. */
    Map<ResourceKind, Set<String>> touched() {
        return Collections.unmodifiableMap(touched);
    }

    /** Notes that the artifact of a resource has to be written or deleted. */
    void addArtifactWrite(ResourceKind kind, String name) {
        artifactWrites.add(new Subject(kind, name));
    }

    Set<Subject> artifactWrites() {
        return Collections.unmodifiableSet(artifactWrites);
    }

    /** The changes of state so far, in order. */
    List<Transition> transitions() {
        return Collections.unmodifiableList(transitions);
    }

    /** How many keys will be written at most, without the journal's. */
    int writes() {
        return transitions.size()
                + reconcileWrites
                + touchedOffloads.size()
                + touched.getOrDefault(ResourceKind.NODE, Set.of()).size()
                + artifactWrites.size()
                + mirrorMarks.changes().size();
    }

    List<Anomaly> anomalies() {
        return Collections.unmodifiableList(anomalies);
    }

    /** Reports something that was ignored or repaired; see {@link Anomaly}. */
    void addAnomaly(String kind, String message) {
        anomalies.add(Anomaly.of(kind, message));
    }

    /** Reports that a limit dropped something that was known; see {@link Anomaly}. */
    void addLimited(String limit, String reason, String message) {
        anomalies.add(new Anomaly(limit, reason, message));
    }

    /** Reports that a limit refuses something, and gives the result for the caller; see {@link Anomaly}. */
    CommandResult.ResourceExhausted refuse(String limit, String reason, String message) {
        anomalies.add(new Anomaly(limit, reason, message));
        return new CommandResult.ResourceExhausted(message);
    }

    /** Refuses something new because the view takes all of its memory. */
    CommandResult.ResourceExhausted refuseForMemory() {
        return refuse(
                MEMORY,
                "full",
                ("memory: the states and artifacts that are known take all of %,d MiB (expected: delete artifacts that are"
                                + " not needed, or start with a larger STATEMANAGER_HEAP)")
                        .formatted(maxMemory >> 20));
    }
}
