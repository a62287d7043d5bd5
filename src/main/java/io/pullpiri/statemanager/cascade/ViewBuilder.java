package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.view.Transition.BY_STATE_MANAGER;

import io.pullpiri.statemanager.cascade.Plan.Anomaly;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.state.StateMachine;
import io.pullpiri.statemanager.view.Causes;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.History;
import io.pullpiri.statemanager.view.Journal;
import io.pullpiri.statemanager.view.Journal.Subject;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ReconcileRecord;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.UnknownNodes;
import io.pullpiri.statemanager.view.Versioned;
import io.pullpiri.statemanager.view.View;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.pcollections.PSet;
import org.pcollections.TreePMap;

/**
 * The view as it becomes while a batch is being decided. Whatever gives a model, a package or a scenario another state
 * does it here, so that it gets its history, its cause and its consequences. Lives for one {@link Cascade#plan}.
 */
final class ViewBuilder {

    /** Two managers that disagree must not melt the store. */
    private static final long REPAIR_INTERVAL = TimeUnit.SECONDS.toNanos(1);

    final Rules rules;
    final Timestamp now;
    final long maxMemory;

    TreePMap<String, PackageEntry> packages;
    TreePMap<String, ModelEntry> models;
    TreePMap<String, ScenarioEntry> scenarios;
    TreePMap<String, NodeEntry> nodes;
    long bytes;
    TreePMap<String, PSet<String>> scenariosByTarget;
    PSet<String> unparsable;
    TreePMap<String, PSet<String>> matchedByName;
    PSet<String> overwritten;
    PSet<String> nodesWithMissing;
    TreePMap<String, Long> tombstones;
    UnknownNodes unknownNodes;
    Journal journal;

    /** What may have to be written. */
    private final Map<ResourceKind, Set<String>> touched = new EnumMap<>(ResourceKind.class);

    final Set<Subject> artifactWrites = new LinkedHashSet<>();

    /** The nodes that were removed, and the commits that wrote their records: a record is there until the plan is committed. */
    final Map<String, Long> removedNodes = new HashMap<>();

    /** How many reconcile records change. */
    private int records;

    final List<Transition> transitions = new ArrayList<>();
    final List<Anomaly> anomalies = new ArrayList<>();

    /** Packages to be judged when the command is done: a report's models change all at one moment. */
    private final Map<String, Trigger> pending = new LinkedHashMap<>();

    /** Models that have lost a package or their last container. */
    private final Set<String> orphanCandidates = new LinkedHashSet<>();

    /** What made a package's state doubtful. {@code dead}: it names a dead model. */
    private record Trigger(String cause, String source, boolean dead) {}

    /** @param maxMemory see {@link Cascade.TransactionLimits} */
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
        unparsable = view.unparsable();
        matchedByName = view.matchedByName();
        overwritten = view.overwritten();
        nodesWithMissing = view.nodesWithMissing();
        tombstones = view.tombstones();
        unknownNodes = view.unknownNodes();
        journal = view.journal();
    }

    View view() {
        return new View(
                packages,
                models,
                scenarios,
                nodes,
                bytes,
                scenariosByTarget,
                unparsable,
                matchedByName,
                overwritten,
                nodesWithMissing,
                journal,
                tombstones,
                unknownNodes);
    }

    PackageEntry packageEntry(String name) {
        PackageEntry entry = packages.get(name);
        return entry == null ? PackageEntry.empty(name) : entry;
    }

    ModelEntry model(String name) {
        ModelEntry entry = models.get(name);
        return entry == null ? ModelEntry.empty(name) : entry;
    }

    ScenarioEntry scenario(String name) {
        ScenarioEntry entry = scenarios.get(name);
        return entry == null ? ScenarioEntry.empty(name) : entry;
    }

    /** The resource as it is now; an empty entry for one that is not known. The kind must have states. */
    ResourceEntry<?> resource(ResourceKind kind, String name) {
        ResourceEntry<?> entry = find(kind, name);
        return entry == null ? ResourceEntry.empty(kind, name) : entry;
    }

    private @Nullable ResourceEntry<?> find(ResourceKind kind, String name) {
        return switch (kind) {
            case PACKAGE -> packages.get(name);
            case MODEL -> models.get(name);
            case SCENARIO -> scenarios.get(name);
            case NODE -> null;
        };
    }

    /** Puts an entry in place of the resource's earlier one. */
    void put(ResourceEntry<?> entry) {
        ResourceEntry<?> before = find(entry.kind(), entry.name());
        bytes += (entry.isVoid() ? 0 : entry.bytes()) - (before == null ? 0 : before.bytes());
        switch (entry) {
            case PackageEntry of -> {
                packages = with(packages, of);
                unparsable = of.artifact().isUnparsable() ? unparsable.plus(of.name()) : unparsable.minus(of.name());
            }
            case ModelEntry of -> models = with(models, of);
            case ScenarioEntry of -> scenarios = with(scenarios, of);
        }
    }

    private static <E extends ResourceEntry<?>> TreePMap<String, E> with(TreePMap<String, E> all, E entry) {
        return entry.isVoid() ? all.minus(entry.name()) : all.plus(entry.name(), entry);
    }

    void put(NodeEntry entry) {
        NodeEntry before = nodes.get(entry.name());
        bytes += entry.bytes() - (before == null ? 0 : before.bytes());
        nodes = nodes.plus(entry.name(), entry);
        if (before != null && !before.recognized()) {
            unknownNodes = unknownNodes.minus(before);
        }
        if (!entry.recognized()) {
            unknownNodes = unknownNodes.plus(entry);
        }
    }

    /** Takes a node away; its containers must be gone before. */
    void removeNode(String name) {
        NodeEntry before = nodes.get(name);
        if (before != null) {
            removedNodes.put(name, before.revision());
            bytes -= before.bytes();
            nodes = nodes.minus(name);
            nodesWithMissing = nodesWithMissing.minus(name);
            unknownNodes = before.recognized() ? unknownNodes : unknownNodes.minus(before);
            touch(ResourceKind.NODE, name);
        }
    }

    /** Whether one of the containers belongs to a model that a package names. */
    boolean nameKnownModel(Collection<Container> containers) {
        for (Container container : containers) {
            if (container.model() != null
                    && !model(container.model()).packages().isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /** Whether so many bytes more may become known. */
    boolean hasRoomFor(long more) {
        return more <= 0 || bytes + journal.bytes() + more <= maxMemory;
    }

    /** The history of a resource; {@link History#NONE} for an unknown one and for a node. */
    History history(Subject subject) {
        ResourceEntry<?> entry = find(subject.kind(), subject.name());
        return entry == null ? History.NONE : entry.state().history();
    }

    /** Changes the history of a resource. A node has none: its changes are in the journal only. */
    void changeHistory(Subject subject, UnaryOperator<History> change) {
        if (subject.kind() != ResourceKind.NODE) {
            ResourceEntry<?> entry = resource(subject.kind(), subject.name());
            put(entry.with(change.apply(entry.state().history())));
        }
    }

    /** Notes that keys of a resource may have to be written. */
    void touch(ResourceKind kind, String name) {
        touched.computeIfAbsent(kind, any -> new LinkedHashSet<>()).add(name);
    }

    /** The resources of a kind whose keys may have to be written, in the order in which they were touched. */
    Set<String> touched(ResourceKind kind) {
        return touched.getOrDefault(kind, Set.of());
    }

    void addAnomaly(String kind, String message) {
        anomalies.add(Anomaly.of(kind, message));
    }

    /** See {@link Anomaly}. */
    void refused(String limit, String reason, String message) {
        anomalies.add(new Anomaly(limit, reason, message));
    }

    /** How many keys will be written at the most, but for the journal's. */
    int writes() {
        return transitions.size() + records + touched(ResourceKind.NODE).size() + artifactWrites.size();
    }

    /** Gives a model or a scenario a state, or takes it away (null). */
    <S extends NamedState> void setState(
            ResourceEntry<S> before, @Nullable S to, String transitionId, String cause, String source) {
        touch(before.kind(), before.name());
        if (changeState(before, to, transitionId, cause, source) && before instanceof ModelEntry model) {
            updatePackages(model, cause, source);
        }
    }

    /** Gives a model a state, or takes it away (null). */
    void setModel(String name, @Nullable ModelState to, String transitionId, String cause, String source) {
        setState(model(name), to, transitionId, cause, source);
    }

    /** Gives a scenario a state, or takes it away (null). */
    void setScenario(String name, @Nullable ScenarioState to, String transitionId, String cause, String source) {
        setState(scenario(name), to, transitionId, cause, source);
    }

    /** Returns false if the resource is in that state already. */
    private <S extends NamedState> boolean changeState(
            ResourceEntry<S> before, @Nullable S to, String transitionId, String cause, String source) {
        S from = before.state().value();
        if (from == to) {
            return false;
        }
        History history = decide(
                before.subject(),
                NamedState.titleOf(from),
                NamedState.titleOf(to),
                before.state().history(),
                transitionId,
                cause,
                source,
                isAnchored(before));
        put(before.with(before.state().with(to, history)));
        return true;
    }

    private void updatePackages(ModelEntry before, String cause, String source) {
        ModelEntry after = model(before.name());
        ModelState from = before.state().value();
        ModelState to = after.state().value();
        int reported = (to == null ? 0 : 1) - (from == null ? 0 : 1);
        Trigger trigger = new Trigger(
                before.name() + " " + (to == null ? "has no state" : to.title().toLowerCase(Locale.ROOT)) + " (" + cause
                        + ")",
                source,
                to == ModelState.DEAD);
        for (String packageName : before.packages()) {
            PackageEntry entry = packageEntry(packageName);
            put(entry.with(entry.models().minus(before.counted()).plus(after.counted()), entry.reported() + reported));
            markDirty(packageName, trigger);
        }
    }

    /** Has a package judged when the command is done. */
    void markDirty(String packageName, String cause, String source) {
        markDirty(packageName, new Trigger(cause, source, false));
    }

    private void markDirty(String packageName, Trigger trigger) {
        // Of several models that changed at once, a dead one is the better explanation.
        pending.merge(packageName, trigger, (first, later) -> first.dead() ? first : later);
    }

    /**
     * Whether something refers to the resource. A model may also be named by a package that cannot be read: then it counts
     * if something referred to it when it came to its state.
     */
    boolean isAnchored(ResourceEntry<?> entry) {
        Transition latest = entry.state().history().latest();
        return entry.anchored()
                || (entry instanceof ModelEntry && !unparsable.isEmpty() && latest != null && latest.anchored());
    }

    /** Whether a package names the model, or may: there is one that cannot be read. */
    boolean mayBeNamed(ModelEntry entry) {
        return !entry.packages().isEmpty() || !unparsable.isEmpty();
    }

    /** Whether nothing stands behind the model, nor may. */
    boolean isOrphan(ModelEntry entry) {
        return entry.containers().isEmpty() && !mayBeNamed(entry);
    }

    void checkOrphan(String model) {
        orphanCandidates.add(model);
    }

    /** Ends a command: models that nothing stands behind go, and the packages that are in doubt are judged. */
    void finishCommand() {
        for (String name : orphanCandidates) {
            ModelEntry entry = model(name);
            if (isOrphan(entry)) {
                setModel(name, null, "", "no package names it and no container of it is left", BY_STATE_MANAGER);
            }
        }
        orphanCandidates.clear();
        pending.forEach(this::evaluatePackage);
        pending.clear();
    }

    private void evaluatePackage(String name, Trigger trigger) {
        touch(ResourceKind.PACKAGE, name);
        PackageEntry entry = packageEntry(name);
        PackageState from = entry.state().value();
        PackageState to = rule(entry);
        if (from == null && to != null && to != PackageState.IDLE) {
            // Its history begins with idle all the same.
            changeState(entry, PackageState.IDLE, "", "created", trigger.source());
        }
        changeState(packageEntry(name), to, "", cause(entry, to, trigger), trigger.source());
        recordReconcile(name, trigger.cause());
    }

    /** The state that a package is to have: null if it does not exist. */
    private static @Nullable PackageState rule(PackageEntry entry) {
        PackageState current = entry.state().value();
        if (entry.artifact().good() == null) {
            // A broken one stays as it is until it is good again or deleted.
            return entry.artifact().exists() ? current : null;
        }
        boolean neverReported = current == null || current == PackageState.IDLE;
        return neverReported && entry.reported() == 0 ? PackageState.IDLE : StateMachine.packageState(entry.models());
    }

    /** A record stands exactly as long as the package is dead. */
    private void recordReconcile(String name, String cause) {
        PackageEntry entry = packageEntry(name);
        PackageState state = entry.state().value();
        boolean dead = state != null && rules.reconcileOn().contains(state);
        Versioned<ReconcileRecord> record = entry.reconcile();
        if (state != null && dead && record.value() == null) {
            records++;
            put(entry.with(new Versioned<>(
                    new ReconcileRecord(name, state.title(), now.wallNanos(), cause), record.revision())));
        } else if (!dead && record.value() != null) {
            records++;
            put(entry.with(new Versioned<>(null, record.revision())));
        }
    }

    /** Why, in words an operator can act on. */
    private String cause(PackageEntry entry, @Nullable PackageState to, Trigger trigger) {
        if (to == null || to == PackageState.IDLE || to == PackageState.RUNNING) {
            return trigger.cause();
        }
        return switch (to) {
            case PAUSED -> Causes.count(entry, ModelState.PAUSED, trigger.cause());
            case EXITED -> Causes.count(entry, ModelState.EXITED, trigger.cause());
            case DEGRADED, ERROR ->
                trigger.dead()
                        ? Causes.count(entry, ModelState.DEAD, trigger.cause())
                        // The package came after its dead models, or one of several recovered.
                        : Causes.dead(entry, models::get, Causes::latest) + "; " + trigger.cause();
            case IDLE, RUNNING -> throw new AssertionError(to);
        };
    }

    /** Whether a package's key, which somebody else overwrote, may be repaired now; if not, it will be later. */
    boolean mayRepair(PackageEntry entry) {
        if (entry.repairFrom() > now.monotonicNanos()) {
            overwritten = overwritten.plus(entry.name());
            return false;
        }
        overwritten = overwritten.minus(entry.name());
        put(entry.repairedNotBefore(now.monotonicNanos() + REPAIR_INTERVAL));
        return true;
    }

    /** Notes a change of state; the resource's cell takes the history that this returns. */
    History decide(
            Subject subject,
            String from,
            String to,
            History history,
            String transitionId,
            String cause,
            String source,
            boolean anchored) {
        Transition latest = history.latest();
        long since = latest == null || history.generation() == 0 ? now.wallNanos() : latest.atNanos();
        Transition transition = new Transition(
                subject.kind(),
                subject.name(),
                from,
                to,
                now.wallNanos(),
                history.generation() + 1,
                transitionId,
                cause,
                source,
                TimeUnit.NANOSECONDS.toMillis(Math.max(0, now.wallNanos() - since)),
                anchored);
        transitions.add(transition);
        return history.decided(transition);
    }
}
