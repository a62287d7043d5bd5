// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.view.Transition.BY_STATE_MANAGER;

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.state.PackageRules;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.view.Causes;
import io.pullpiri.statemanager.view.History;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.OffloadRecord;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ReconcileRecord;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.Transition;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Changes states and propagates each change: from a model to the packages that name it, and from a package to its reconcile
 * record. A package is evaluated once, at the end of a command, because the models of one report change at one moment.
 */
final class StatePropagation {

    /** Two components that disagree about a package's state must not overload the store. */
    private static final long REPAIR_INTERVAL = TimeUnit.SECONDS.toNanos(1);

    private final ViewBuilder builder;

    /** The packages to evaluate at the end of the command. */
    private final Map<String, PendingEvaluation> dirtyPackages = new LinkedHashMap<>();

    /** The models that have lost a package or their last container in this command. */
    private final Set<String> orphanCandidates = new LinkedHashSet<>();

    /**
     * Why a package is evaluated.
     *
     * @param source for the history
     */
    private record PendingEvaluation(String cause, String source, boolean namesDeadModel) {

        PackageRules.Trigger trigger() {
            return new PackageRules.Trigger(cause, namesDeadModel);
        }
    }

    StatePropagation(ViewBuilder builder) {
        this.builder = builder;
    }

    /** Gives a model or a scenario a state, or takes it away (null). Packages get theirs from their models. */
    // [impl->req~mdl-any-step~1]
    <S extends NamedState> void setState(
            ResourceEntry<S> before, @Nullable S to, String transitionId, String cause, String source) {
        builder.touch(before.kind(), before.name());
        if (changeState(before, to, transitionId, cause, source) && before instanceof ModelEntry model) {
            updatePackages(model, cause, source);
        }
    }

    /** Gives a model a state that follows from the rules or from the store, or takes it away (null). */
    void setModel(String name, @Nullable ModelState to, String cause, String source) {
        setState(builder.model(name), to, "", cause, source);
    }

    /** Gives a scenario a state that follows from the rules or from the store, or takes it away (null). */
    void setScenario(String name, @Nullable ScenarioState to, String cause, String source) {
        setState(builder.scenario(name), to, "", cause, source);
    }

    /** Changes the state of a resource and records the transition. Returns false if it has that state already. */
    private <S extends NamedState> boolean changeState(
            ResourceEntry<S> before, @Nullable S to, String transitionId, String cause, String source) {
        S from = before.state().value();
        if (from == to) {
            return false;
        }
        History history =
                recordTransition(before, NamedState.titleOf(from), NamedState.titleOf(to), transitionId, cause, source);
        builder.put(before.with(before.state().with(to, history)));
        return true;
    }

    /** Records a transition of a resource. Returns its history with the transition; the caller puts it into the entry. */
    History recordTransition(
            ResourceEntry<?> entry, String from, String to, String transitionId, String cause, String source) {
        History history = entry.state().history();
        long now = builder.now().wallNanos();
        Transition previous = history.generation() == 0 ? null : history.latest();
        long since = previous == null ? now : previous.atNanos();
        Transition transition = new Transition(
                entry.kind(),
                entry.name(),
                from,
                to,
                now,
                history.generation() + 1,
                transitionId,
                cause,
                source,
                TimeUnit.NANOSECONDS.toMillis(Math.max(0, now - since)),
                isAnchored(entry),
                previous == null ? 0 : previous.lastCompletedNanos());
        builder.addTransition(transition);
        return history.decided(transition);
    }

    /** Records in the history of a package what happened to it without changing its state. A package without a state has no history. */
    // [impl->req~off-history~1]
    void note(String packageName, String transitionId, String text) {
        PackageEntry entry = builder.packageEntry(packageName);
        Transition latest = entry.state().history().latest();
        if (entry.state().value() == null || latest == null) {
            return;
        }
        String state = NamedState.titleOf(entry.state().value());
        long now = builder.now().wallNanos();
        builder.addTransition(new Transition(
                ResourceKind.PACKAGE,
                packageName,
                state,
                state,
                now,
                entry.state().history().generation(),
                transitionId,
                text,
                BY_STATE_MANAGER,
                TimeUnit.NANOSECONDS.toMillis(Math.max(0, now - latest.atNanos())),
                true,
                0));
    }

    // [impl->req~pkg-shared~1]
    private void updatePackages(ModelEntry before, String cause, String source) {
        ModelEntry after = builder.model(before.name());
        ModelState from = before.state().value();
        ModelState to = after.state().value();
        int withState = (to == null ? 0 : 1) - (from == null ? 0 : 1);
        PendingEvaluation pending =
                new PendingEvaluation(Causes.ofModel(before.name(), to, cause), source, to == ModelState.DEAD);
        for (String name : before.packages()) {
            PackageEntry entry = builder.packageEntry(name);
            builder.put(entry.with(
                    entry.models().minus(before.counted()).plus(after.counted()), entry.modelsWithState() + withState));
            markDirty(name, pending);
        }
    }

    /** Evaluates a package at the end of the command. */
    void markDirty(String packageName, String cause, String source) {
        markDirty(packageName, new PendingEvaluation(cause, source, false));
    }

    private void markDirty(String packageName, PendingEvaluation pending) {
        // Of several models that changed at one moment, a dead one explains the package's state best.
        dirtyPackages.merge(packageName, pending, (first, later) -> first.namesDeadModel() ? first : later);
    }

    /** Removes the model at the end of the command if it is an orphan then. */
    void checkOrphan(String model) {
        orphanCandidates.add(model);
    }

    /** Ends a command: removes orphans, and evaluates the packages that were marked dirty. */
    void finishCommand() {
        for (String name : orphanCandidates) {
            if (isOrphan(builder.model(name))) {
                setModel(name, null, "no package names it and no container of it is left", BY_STATE_MANAGER);
                OffloadRecord offload = builder.offload(name);
                if (offload != null && !offload.isActive()) {
                    builder.setOffload(name, null, Long.MAX_VALUE);
                }
                builder.putRestart(name, null);
            }
        }
        orphanCandidates.clear();
        dirtyPackages.forEach(this::evaluatePackage);
        dirtyPackages.clear();
    }

    private void evaluatePackage(String name, PendingEvaluation pending) {
        builder.touch(ResourceKind.PACKAGE, name);
        PackageEntry entry = builder.packageEntry(name);
        PackageRules.Evaluation evaluation = PackageRules.evaluate(
                entry.facts(), pending.trigger(), () -> Causes.dead(entry, builder.models()::get, Causes::latest));
        if (entry.state().value() == null && evaluation.state() != null && evaluation.state() != PackageState.IDLE) {
            // The history of a package begins with idle, also when its models have states already.
            changeState(entry, PackageState.IDLE, "", "created", pending.source());
        }
        changeState(builder.packageEntry(name), evaluation.state(), "", evaluation.cause(), pending.source());
        updateReconcileRecord(name, pending.cause());
    }

    /** The record exists exactly as long as the package is in a state of {@code reconcile.on}. */
    // [impl->req~rec-request~1]
    private void updateReconcileRecord(String name, String cause) {
        PackageEntry entry = builder.packageEntry(name);
        PackageState state = entry.state().value();
        boolean recorded = entry.reconcile().value() != null;
        if (state != null && builder.rules().reconcileOn().contains(state)) {
            if (!recorded) {
                builder.putReconcile(
                        entry,
                        new ReconcileRecord(name, state.title(), builder.now().wallNanos(), cause));
            }
        } else if (recorded) {
            builder.putReconcile(entry, null);
        }
    }

    /** Writes a package's state key again after another component overwrote it: at once, or later if that was just done. */
    // [impl->req~pkg-repair~1]
    void repairOverwritten(PackageEntry entry) {
        long now = builder.now().monotonicNanos();
        boolean later = entry.repairFrom() > now;
        builder.setOverwritten(entry.name(), later);
        if (!later) {
            builder.put(entry.repairedNotBefore(now + REPAIR_INTERVAL));
            builder.touch(ResourceKind.PACKAGE, entry.name());
        }
    }

    /** Whether no package names the model, none may name it, and it has no container. */
    // [impl->req~pkg-deletion~1]
    boolean isOrphan(ModelEntry entry) {
        return entry.containers().isEmpty() && !builder.mayBeNamed(entry);
    }

    /**
     * Whether something refers to the resource. A package that is broken without a good artifact may name any model. A model
     * therefore counts if something referred to it when it came to its state.
     */
    private boolean isAnchored(ResourceEntry<?> entry) {
        Transition latest = entry.state().history().latest();
        return entry.anchored()
                || (entry instanceof ModelEntry
                        && builder.hasBrokenWithoutGood()
                        && latest != null
                        && latest.anchored());
    }
}
