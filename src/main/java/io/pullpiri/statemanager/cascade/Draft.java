package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.cascade.Transition.BY_STATE_MANAGER;

import io.pullpiri.statemanager.cascade.Journal.Subject;
import io.pullpiri.statemanager.cascade.Plan.Notice;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.state.StateMachine;
import java.util.ArrayList;
import java.util.Collection;
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
final class Draft {

    /** Two managers that disagree must not melt the store. */
    private static final long REPAIR_INTERVAL = TimeUnit.SECONDS.toNanos(1);

    final Rules rules;
    final Moment now;
    final long maxMemory;

    TreePMap<String, PackageEntry> packages;
    TreePMap<String, ModelEntry> models;
    TreePMap<String, ScenarioEntry> scenarios;
    TreePMap<String, NodeEntry> nodes;
    long bytes;
    TreePMap<String, PSet<String>> scenariosByTarget;
    PSet<String> unread;
    TreePMap<String, PSet<String>> unlabelled;
    PSet<String> overwritten;
    PSet<String> absentees;
    TreePMap<String, Long> tombstones;
    Strangers strangers;
    Journal journal;

    /** What may have to be written. */
    final Set<String> touchedPackages = new LinkedHashSet<>();

    final Set<String> touchedModels = new LinkedHashSet<>();
    final Set<String> touchedScenarios = new LinkedHashSet<>();
    final Set<String> touchedNodes = new LinkedHashSet<>();
    final Set<ArtifactWrite> artifactWrites = new LinkedHashSet<>();

    /** The nodes that were removed, and the commits that wrote their records: a record is there until the plan is committed. */
    final Map<String, Long> removedNodes = new HashMap<>();

    /** How many reconcile records change. */
    private int records;

    final List<Transition> transitions = new ArrayList<>();
    final List<Notice> notices = new ArrayList<>();

    /** Packages to be judged when the command is done: a report's models change all at one moment. */
    private final Map<String, Trigger> pending = new LinkedHashMap<>();

    /** Models that have lost a package or their last container. */
    private final Set<String> forsaken = new LinkedHashSet<>();

    /** What made a package's state doubtful. {@code dead}: it names a dead model. */
    private record Trigger(String cause, String source, boolean dead) {}

    /** An artifact that an operator wants stored or deleted. */
    record ArtifactWrite(String kind, String name) {}

    /** @param maxMemory see {@link Cascade.Limits} */
    Draft(View view, Rules rules, Moment now, long maxMemory) {
        this.rules = rules;
        this.now = now;
        this.maxMemory = maxMemory;
        packages = view.packages();
        models = view.models();
        scenarios = view.scenarios();
        nodes = view.nodes();
        bytes = view.bytes();
        scenariosByTarget = view.scenariosByTarget();
        unread = view.unread();
        unlabelled = view.unlabelled();
        overwritten = view.overwritten();
        absentees = view.absentees();
        tombstones = view.tombstones();
        strangers = view.strangers();
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
                unread,
                unlabelled,
                overwritten,
                absentees,
                journal,
                tombstones,
                strangers);
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

    void put(PackageEntry entry) {
        PackageEntry before = packages.get(entry.name());
        bytes += (entry.isVoid() ? 0 : entry.bytes()) - (before == null ? 0 : before.bytes());
        packages = entry.isVoid() ? packages.minus(entry.name()) : packages.plus(entry.name(), entry);
        unread = entry.artifact().isUnread() ? unread.plus(entry.name()) : unread.minus(entry.name());
    }

    void put(ModelEntry entry) {
        ModelEntry before = models.get(entry.name());
        bytes += (entry.isVoid() ? 0 : entry.bytes()) - (before == null ? 0 : before.bytes());
        models = entry.isVoid() ? models.minus(entry.name()) : models.plus(entry.name(), entry);
    }

    void put(ScenarioEntry entry) {
        ScenarioEntry before = scenarios.get(entry.name());
        bytes += (entry.isVoid() ? 0 : entry.bytes()) - (before == null ? 0 : before.bytes());
        scenarios = entry.isVoid() ? scenarios.minus(entry.name()) : scenarios.plus(entry.name(), entry);
    }

    void put(NodeEntry entry) {
        NodeEntry before = nodes.get(entry.name());
        bytes += entry.bytes() - (before == null ? 0 : before.bytes());
        nodes = nodes.plus(entry.name(), entry);
        if (before != null && !before.recognized()) {
            strangers = strangers.minus(before);
        }
        if (!entry.recognized()) {
            strangers = strangers.plus(entry);
        }
    }

    /** Takes a node away; its containers must be gone before. */
    void removeNode(String name) {
        NodeEntry before = nodes.get(name);
        if (before != null) {
            removedNodes.put(name, before.revision());
            bytes -= before.bytes();
            nodes = nodes.minus(name);
            absentees = absentees.minus(name);
            strangers = before.recognized() ? strangers : strangers.minus(before);
            touchedNodes.add(name);
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

    /** The history of a resource, {@link History#NONE} for one that is not there. */
    History history(Subject subject) {
        String name = subject.name();
        return switch (subject.kind()) {
            case PACKAGE -> packageEntry(name).state().history();
            case MODEL -> model(name).state().history();
            case SCENARIO -> scenario(name).state().history();
            case NODE -> History.NONE;
        };
    }

    /** Changes the history of a resource, if it is there. */
    void changeHistory(Subject subject, UnaryOperator<History> change) {
        String name = subject.name();
        switch (subject.kind()) {
            case PACKAGE -> {
                PackageEntry entry = packageEntry(name);
                put(entry.with(entry.state().with(change.apply(entry.state().history()))));
            }
            case MODEL -> {
                ModelEntry entry = model(name);
                put(entry.with(entry.state().with(change.apply(entry.state().history()))));
            }
            case SCENARIO -> {
                ScenarioEntry entry = scenario(name);
                put(entry.with(entry.state().with(change.apply(entry.state().history()))));
            }
            case NODE -> {} // its changes are in the journal only
        }
    }

    void notice(String kind, String message) {
        notices.add(Notice.of(kind, message));
    }

    /** See {@link Notice}. */
    void refused(String limit, String reason, String message) {
        notices.add(new Notice(limit, reason, message));
    }

    /** How many keys will be written at the most, but for the journal's. */
    int writes() {
        return transitions.size() + records + touchedNodes.size() + artifactWrites.size();
    }

    /** Gives a model a state, or takes it away (null). */
    void setModel(String name, @Nullable ModelState to, String transitionId, String cause, String source) {
        touchedModels.add(name);
        ModelEntry before = model(name);
        ModelState from = before.state().value();
        if (from == to) {
            return;
        }
        History history = decide(
                ResourceKind.MODEL,
                name,
                from == null ? "" : from.title(),
                to == null ? "" : to.title(),
                before.state().history(),
                transitionId,
                cause,
                source,
                isAnchored(before));
        ModelEntry after = before.with(before.state().with(to, history));
        put(after);
        int reported = (to == null ? 0 : 1) - (from == null ? 0 : 1);
        Trigger trigger = new Trigger(
                name + " " + (to == null ? "has no state" : to.title().toLowerCase(Locale.ROOT)) + " (" + cause + ")",
                source,
                to == ModelState.DEAD);
        for (String packageName : after.packages()) {
            PackageEntry entry = packageEntry(packageName);
            put(entry.with(entry.models().minus(before.counted()).plus(after.counted()), entry.reported() + reported));
            judgeLater(packageName, trigger);
        }
    }

    /** Gives a scenario a state, or takes it away (null). */
    void setScenario(String name, @Nullable ScenarioState to, String transitionId, String cause, String source) {
        touchedScenarios.add(name);
        ScenarioEntry entry = scenario(name);
        ScenarioState from = entry.state().value();
        if (from == to) {
            return;
        }
        History history = decide(
                ResourceKind.SCENARIO,
                name,
                from == null ? "" : from.title(),
                to == null ? "" : to.title(),
                entry.state().history(),
                transitionId,
                cause,
                source,
                entry.artifact().exists());
        put(entry.with(entry.state().with(to, history)));
    }

    /** Has a package judged when the command is done. */
    void judgeLater(String packageName, String cause, String source) {
        judgeLater(packageName, new Trigger(cause, source, false));
    }

    private void judgeLater(String packageName, Trigger trigger) {
        // Of several models that changed at once, a dead one is the better explanation.
        pending.merge(packageName, trigger, (first, later) -> first.dead() ? first : later);
    }

    /** Whether something stands behind the model, or did when it came to its state and may still. */
    boolean isAnchored(ModelEntry entry) {
        Transition latest = entry.state().history().latest();
        return entry.anchored() || (!unread.isEmpty() && latest != null && latest.anchored());
    }

    /** Whether a package names the model, or may: there is one that cannot be read. */
    boolean mayBeNamed(ModelEntry entry) {
        return !entry.packages().isEmpty() || !unread.isEmpty();
    }

    /** Whether nothing stands behind the model, nor may. */
    boolean isForsaken(ModelEntry entry) {
        return entry.containers().isEmpty() && !mayBeNamed(entry);
    }

    void forsake(String model) {
        forsaken.add(model);
    }

    /** Ends a command: models that nothing stands behind go, and the packages that are in doubt are judged. */
    void settle() {
        for (String name : forsaken) {
            ModelEntry entry = model(name);
            if (isForsaken(entry)) {
                setModel(name, null, "", "no package names it and no container of it is left", BY_STATE_MANAGER);
            }
        }
        forsaken.clear();
        pending.forEach(this::judge);
        pending.clear();
    }

    private void judge(String name, Trigger trigger) {
        touchedPackages.add(name);
        PackageEntry entry = packageEntry(name);
        PackageState from = entry.state().value();
        PackageState to = rule(entry);
        if (from == null && to != null && to != PackageState.IDLE) {
            // Its history begins with idle all the same.
            move(name, PackageState.IDLE, "created", trigger.source());
        }
        move(name, to, words(entry, to, trigger), trigger.source());
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

    private void move(String name, @Nullable PackageState to, String cause, String source) {
        PackageEntry entry = packageEntry(name);
        PackageState from = entry.state().value();
        if (from == to) {
            return;
        }
        History history = decide(
                ResourceKind.PACKAGE,
                name,
                from == null ? "" : from.title(),
                to == null ? "" : to.title(),
                entry.state().history(),
                "",
                cause,
                source,
                entry.artifact().exists());
        put(entry.with(entry.state().with(to, history)));
    }

    /** A record stands exactly as long as the package is dead. */
    private void recordReconcile(String name, String cause) {
        PackageEntry entry = packageEntry(name);
        PackageState state = entry.state().value();
        boolean dead = state != null && rules.reconcileOn().contains(state);
        Stored<ReconcileRecord> record = entry.reconcile();
        if (state != null && dead && record.value() == null) {
            records++;
            put(entry.with(new Stored<>(
                    new ReconcileRecord(name, state.title(), now.epochNanos(), cause), record.revision())));
        } else if (!dead && record.value() != null) {
            records++;
            put(entry.with(new Stored<>(null, record.revision())));
        }
    }

    /** Why, in words an operator can act on. */
    private String words(PackageEntry entry, @Nullable PackageState to, Trigger trigger) {
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
        if (entry.repairFrom() > now.ticks()) {
            overwritten = overwritten.plus(entry.name());
            return false;
        }
        overwritten = overwritten.minus(entry.name());
        put(entry.repairedNotBefore(now.ticks() + REPAIR_INTERVAL));
        return true;
    }

    /** Notes a change of state; the resource's cell takes the history that this returns. */
    History decide(
            ResourceKind kind,
            String name,
            String from,
            String to,
            History history,
            String transitionId,
            String cause,
            String source,
            boolean anchored) {
        Transition latest = history.latest();
        long since = latest == null || history.generation() == 0 ? now.epochNanos() : latest.atNanos();
        Transition transition = new Transition(
                kind,
                name,
                from,
                to,
                now.epochNanos(),
                history.generation() + 1,
                transitionId,
                cause,
                source,
                TimeUnit.NANOSECONDS.toMillis(Math.max(0, now.epochNanos() - since)),
                anchored);
        transitions.add(transition);
        return history.decided(transition);
    }
}
