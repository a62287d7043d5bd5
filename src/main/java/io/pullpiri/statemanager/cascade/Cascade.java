// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.cascade.Plan.Anomaly;
import io.pullpiri.statemanager.container.ModelOfContainer;
import io.pullpiri.statemanager.store.Snapshot;
import io.pullpiri.statemanager.store.Transaction.Write;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.OffloadEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.util.ArrayList;
import java.util.List;

/**
 * Decides what follows from commands: a pure function of a view, a batch of commands and a time. The changes of models, of the
 * packages that name them and of reconcile records are decided together, so that they can be committed together. Each command
 * is decided on the result of those before it, so the outcome does not depend on how commands are grouped into batches.
 */
public final class Cascade {

    /** The source of changes that follow from an operator's artifacts. */
    private static final String BY_OPERATOR = "operator";

    /** A batch gets no further command once its writes fill more than this part of a transaction. */
    private static final double FULL = 0.75;

    private final Rules rules;
    private final Plan.TransactionLimits limits;

    /** A view that was read from the store, and the anomalies found in it. */
    public record Loaded(View view, List<Anomaly> anomalies) {}

    public Cascade(Rules rules, Plan.TransactionLimits limits) {
        this.rules = rules;
        this.limits = limits;
    }

    /** Makes a view of the store's content. {@link Command.Repair} then repairs what differs from the rules. */
    public Loaded load(Snapshot snapshot, Timestamp now) {
        ViewBuilder builder = new ViewBuilder(View.EMPTY, rules, now, Long.MAX_VALUE);
        new ViewLoader(builder).load(snapshot);
        return new Loaded(builder.view(), builder.anomalies());
    }

    /**
     * Decides the first commands of a batch: as many as fit into one transaction, and at least one. The changes of a command
     * therefore become visible together, unless the command alone is too large.
     *
     * <p>The number of writes is known only after the decision. If it does not fit into one transaction, this method calls
     * itself with fewer commands. Each call has fewer, so the recursion ends.
     */
    public Plan plan(View view, List<Command> batch, Timestamp now) {
        ViewBuilder builder = new ViewBuilder(view, rules, now, limits.maxMemory());
        Handlers handlers = new Handlers(builder);
        List<CommandResult> answers = new ArrayList<>(batch.size());
        int before = 0;
        for (Command command : batch) {
            if (!answers.isEmpty() && !isStoreEvent(command) && builder.writes() > limits.maxWrites() * FULL) {
                break;
            }
            before = builder.writes();
            answers.add(handlers.decide(command));
            handlers.propagation.finishCommand();
        }
        TransactionPlanner.Result planned = TransactionPlanner.plan(
                new TransactionPlanner.ChangeSet(
                        view,
                        builder.view(),
                        builder.touched(),
                        builder.touchedOffloads(),
                        builder.artifactWrites(),
                        builder.transitions()),
                rules,
                limits);
        int most = planned.split()
                ? fittingCommands(batch.subList(0, answers.size()), before, builder.writes())
                : answers.size();
        if (most < answers.size()) {
            return plan(view, batch.subList(0, most), now);
        }
        builder.putRecorded(planned.histories(), planned.journal());
        return new Plan(planned.transactions(), answers, builder.anomalies(), builder.view());
    }

    /**
     * How many commands to decide together when all of them are too large for one transaction. Store events stay together if
     * possible. They are also decided together with a command that is too large by itself, which would otherwise never be
     * decided.
     *
     * @param together the commands, with the store events first
     * @param before an upper estimate of the writes before the last command
     * @param writes an upper estimate of all writes
     */
    private int fittingCommands(List<Command> together, int before, int writes) {
        int all = together.size();
        int events = (int) together.stream().takeWhile(Cascade::isStoreEvent).count();
        int room = TransactionPlanner.room(limits);
        if (all == 1 || (events == all - 1 && writes - before > room)) {
            return all;
        }
        int fewer = writes > room && before <= room ? all - 1 : all / 2;
        return events < all ? Math.max(events, fewer) : fewer;
    }

    private static boolean isStoreEvent(Command command) {
        return command instanceof Command.StoreEvents;
    }

    /**
     * The view after the transactions of a plan were committed.
     *
     * @param revisions the revision of each transaction
     */
    public View committed(Plan plan, List<Long> revisions) {
        ViewBuilder builder = new ViewBuilder(plan.next(), rules, new Timestamp(0, 0), limits.maxMemory());
        CommitAck ack = new CommitAck(builder);
        for (int i = 0; i < revisions.size(); i++) {
            for (Write write : plan.transactions().get(i).transaction().writes()) {
                ack.apply(write, revisions.get(i));
            }
        }
        return builder.view();
    }

    /** The time, in {@link Timestamp#monotonicNanos}, from which a {@link Command.Tick} has work; {@code Long.MAX_VALUE} for none. */
    // [impl->req~lst-silence~1]
    public static long nextTick(View view) {
        long next = Long.MAX_VALUE;
        for (String node : view.nodesWithAbsent()) {
            NodeEntry entry = view.nodes().get(node);
            if (entry != null) {
                for (long end : entry.graceEnds().values()) {
                    next = Math.min(next, end);
                }
            }
        }
        for (OffloadEntry offload : view.offloads().values()) {
            next = Math.min(next, offload.settleEnd());
        }
        for (String name : view.overwritten()) {
            PackageEntry entry = view.packages().get(name);
            if (entry != null) {
                next = Math.min(next, entry.repairFrom());
            }
        }
        return next;
    }

    /** Whether the report's node is known: it names a model of a package, or did in an earlier report. */
    public static boolean isKnown(View view, Command.NodeReport report) {
        NodeEntry node = view.nodes().get(report.node());
        return (node != null && node.isKnown())
                || report.containers().stream()
                        .map(facts -> ModelOfContainer.of(facts, view::isNamed))
                        .anyMatch(model -> model != null && view.isNamed(model));
    }

    /** The handlers of one batch. They share a builder. */
    private static final class Handlers {

        private final ViewBuilder builder;
        private final StatePropagation propagation;
        private final AbsentContainers absent;
        private final NodeContainers containers;
        private final NodeRegistry registry;
        private final StoreRepair repair;
        private final ArtifactHandler artifacts;
        private final OffloadHandler offloads;

        Handlers(ViewBuilder builder) {
            this.builder = builder;
            propagation = new StatePropagation(builder);
            absent = new AbsentContainers(builder);
            containers = new NodeContainers(builder, propagation, absent);
            registry = new NodeRegistry(builder, containers);
            repair = new StoreRepair(builder, propagation, containers);
            artifacts = new ArtifactHandler(builder, propagation, containers, repair);
            offloads = new OffloadHandler(builder, propagation, containers);
        }

        CommandResult decide(Command command) {
            return switch (command) {
                case Command.NodeReport report ->
                    new ReportHandler(builder, containers, absent, registry).report(report);
                case Command.StoredContainers stored ->
                    new ReportHandler(builder, containers, absent, registry).stored(stored);
                case Command.ForgetNode forget -> registry.forget(forget);
                case Command.ModelChange change -> change(change);
                case Command.ScenarioChange change -> new ScenarioHandler(builder, propagation).step(change);
                case Command.CountRestart restart -> new RestartHandler(builder).count(restart);
                case Command.ForgetRestarts request -> new RestartHandler(builder).forget(request);
                case Command.ApplyArtifacts apply -> apply(apply);
                case Command.DeleteArtifacts delete ->
                    new CommandResult.ArtifactsDone(
                            delete.artifacts().stream()
                                    .map(artifact -> artifacts.delete(artifact, BY_OPERATOR))
                                    .toList(),
                            List.of());
                case Command.BeginOffload begin -> offloads.begin(begin);
                case Command.EndOffload end -> offloads.end(end);
                case Command.MirrorArtifacts mirror -> new MirrorHandler(builder, propagation, artifacts).apply(mirror);
                case Command.StoreEvents events -> {
                    StoreEventApplier applier = new StoreEventApplier(builder, propagation, artifacts);
                    for (WatchEvent event : events.events()) {
                        applier.apply(event, events.read());
                    }
                    yield new CommandResult.Done("seen");
                }
                case Command.Tick tick -> {
                    containers.dropAbsent();
                    offloads.settle();
                    for (String name : builder.overwritten()) {
                        propagation.repairOverwritten(builder.packageEntry(name));
                    }
                    yield new CommandResult.Done("done");
                }
                case Command.Repair any -> {
                    repair.run();
                    yield new CommandResult.Done("repaired");
                }
            };
        }

        private CommandResult change(Command.ModelChange change) {
            if (!builder.models().containsKey(change.model()) && !builder.hasRoomFor(ResourceEntry.NEW_BYTES)) {
                return builder.refuseForMemory();
            }
            propagation.setState(
                    builder.model(change.model()),
                    change.target(),
                    change.transitionId(),
                    Transition.requestedBy(change.source()),
                    change.source());
            return new CommandResult.Done(
                    "model " + change.model() + " is " + change.target().title());
        }

        private CommandResult apply(Command.ApplyArtifacts apply) {
            if (!builder.hasRoomFor(artifacts.newBytes(apply.artifacts()))) {
                return builder.refuseForMemory();
            }
            return new CommandResult.ArtifactsDone(
                    apply.artifacts().stream()
                            .map(artifact -> artifacts.apply(artifact, BY_OPERATOR))
                            .toList(),
                    apply.warnings());
        }
    }
}
