package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.cascade.Plan.Anomaly;
import io.pullpiri.statemanager.container.ModelOfContainer;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.state.StateMachine;
import io.pullpiri.statemanager.store.Snapshot;
import io.pullpiri.statemanager.store.Transaction.Write;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.TrackedState;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.util.ArrayList;
import java.util.List;

/**
 * What follows from what: a pure function of a view, a batch of commands and a moment. A change of a model reaches its
 * packages, and everything that follows is decided together, to be committed together. The commands of a batch are
 * decided one after the other, each on what those before it lead to: what they lead to does not depend on how they fall
 * into batches.
 */
public final class Cascade {

    /** The source of what an operator's files bring about. */
    private static final String BY_OPERATOR = "operator";

    /** How full a transaction may be for one more command. */
    private static final double FULL = 0.75;

    private final Rules rules;
    private final Plan.TransactionLimits limits;

    /** A view as it was read, and what was odd about it. */
    public record Loaded(View view, List<Anomaly> anomalies) {}

    public Cascade(Rules rules, Plan.TransactionLimits limits) {
        this.rules = rules;
        this.limits = limits;
    }

    /** The view that a store's content gives; what in it is not as the rules want it, {@link Command.Repair} mends. */
    public Loaded load(Snapshot snapshot, Timestamp now) {
        ViewBuilder builder = new ViewBuilder(View.EMPTY, rules, now, Long.MAX_VALUE);
        new ViewLoader(builder).load(snapshot);
        return new Loaded(builder.view(), builder.anomalies());
    }

    /**
     * Decides the first of the commands: no more than one transaction holds, and at least one. What a command leads to is so
     * visible as a whole, unless it alone is too large.
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
                        view, builder.view(), builder.touched(), builder.artifactWrites(), builder.transitions()),
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
     * How many of the commands to decide together, which are too large for one transaction. What the store has told is not
     * torn apart if need not be, and goes with a command that is too large anyway: it would never have its turn.
     *
     * @param before how many writes they were without the last, at the most
     * @param writes how many they are, at the most
     */
    private int fittingCommands(List<Command> together, int before, int writes) {
        int all = together.size();
        int told = (int) together.stream().takeWhile(Cascade::isStoreEvent).count();
        int room = TransactionPlanner.room(limits);
        if (all == 1 || (told == all - 1 && writes - before > room)) {
            return all;
        }
        int fewer = writes > room && before <= room ? all - 1 : all / 2;
        return told < all ? Math.max(told, fewer) : fewer;
    }

    private static boolean isStoreEvent(Command command) {
        return command instanceof Command.StoreEvents;
    }

    /**
     * The view after a plan's parts were committed.
     *
     * @param revisions one for each part
     */
    public View committed(Plan plan, List<Long> revisions) {
        ViewBuilder builder = new ViewBuilder(plan.next(), rules, new Timestamp(0, 0), limits.maxMemory());
        CommitAck ack = new CommitAck(builder);
        for (int i = 0; i < revisions.size(); i++) {
            for (Write write : plan.parts().get(i).transaction().writes()) {
                ack.apply(write, revisions.get(i));
            }
        }
        return builder.view();
    }

    /** The earliest moment, in {@link Timestamp#monotonicNanos}, at which a {@link Command.Tick} has something to do. */
    public static long nextTick(View view) {
        long next = Long.MAX_VALUE;
        for (String node : view.nodesWithMissing()) {
            NodeEntry entry = view.nodes().get(node);
            if (entry != null) {
                for (long end : entry.graceEnds().values()) {
                    next = Math.min(next, end);
                }
            }
        }
        for (String name : view.overwritten()) {
            PackageEntry entry = view.packages().get(name);
            if (entry != null) {
                next = Math.min(next, entry.repairFrom());
            }
        }
        return next;
    }

    /** Whether the node has named a model of a package, now or before. */
    public static boolean isKnown(View view, Command.NodeReport report) {
        NodeEntry node = view.nodes().get(report.node());
        return (node != null && node.recognized())
                || report.containers().stream()
                        .map(facts -> ModelOfContainer.of(facts, view::isNamed))
                        .anyMatch(model -> model != null && view.isNamed(model));
    }

    /** The handlers of one batch: they share a builder. */
    private static final class Handlers {

        private final ViewBuilder builder;
        private final StatePropagation propagation;
        private final NodeContainers containers;
        private final NodeRegistry registry;
        private final StoreRepair repair;
        private final ArtifactHandler artifacts;

        Handlers(ViewBuilder builder) {
            this.builder = builder;
            propagation = new StatePropagation(builder);
            containers = new NodeContainers(builder, propagation);
            registry = new NodeRegistry(builder, containers);
            repair = new StoreRepair(builder, propagation, containers);
            artifacts = new ArtifactHandler(builder, propagation, containers, repair);
        }

        CommandResult decide(Command command) {
            return switch (command) {
                case Command.NodeReport report -> new ReportHandler(builder, containers, registry).report(report);
                case Command.ForgetNode forget -> registry.forget(forget);
                case Command.ModelChange change -> change(change);
                case Command.ScenarioChange change -> step(change);
                case Command.ApplyArtifacts apply -> apply(apply);
                case Command.DeleteArtifacts delete ->
                    new CommandResult.ArtifactsDone(
                            delete.artifacts().stream()
                                    .map(artifact -> artifacts.delete(artifact, BY_OPERATOR))
                                    .toList(),
                            List.of());
                case Command.StoreEvents events -> {
                    StoreEventApplier applier = new StoreEventApplier(builder, propagation, artifacts);
                    for (WatchEvent event : events.events()) {
                        applier.apply(event, events.read());
                    }
                    yield new CommandResult.Done("seen");
                }
                case Command.Tick tick -> {
                    containers.dropMissing();
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
            if (!builder.models().containsKey(change.model()) && !builder.hasRoomFor(NodeEntry.NEW_BYTES)) {
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

        /** The stored state decides; without one, the state that the requester takes for it. */
        private CommandResult step(Command.ScenarioChange change) {
            if (!builder.scenarios().containsKey(change.scenario()) && !builder.hasRoomFor(NodeEntry.NEW_BYTES)) {
                return builder.refuseForMemory();
            }
            TrackedState<ScenarioState> cell =
                    builder.scenario(change.scenario()).state();
            ScenarioState stored = cell.value();
            ScenarioState target = change.target();
            Transition latest = cell.history().latest();
            boolean retry = stored != null
                    && latest != null
                    && !change.transitionId().isEmpty()
                    && latest.transitionId().equals(change.transitionId());
            boolean announcement = change.current() == null && target == ScenarioState.IDLE;
            ScenarioState from =
                    stored != null ? stored : change.current() == null ? ScenarioState.IDLE : change.current();
            if (!retry && !announcement && from != target && !StateMachine.mayStep(from, target)) {
                return new CommandResult.NotAllowed("scenario %s is %s and cannot become %s"
                        .formatted(change.scenario(), from.title(), target.title()));
            }
            if (retry || (stored == null && from == target && change.current() != null)) {
                return new CommandResult.Done("scenario " + change.scenario() + " is " + from.title());
            }
            propagation.setState(
                    builder.scenario(change.scenario()),
                    target,
                    change.transitionId(),
                    Transition.requestedBy(change.source()),
                    change.source());
            return new CommandResult.Done("scenario " + change.scenario() + " is " + target.title());
        }
    }
}
