// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.Transition;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reports what the loop and the reconciler have done to OpenTelemetry, after it is done. Each batch is a trace with its
 * commands from their receipt on, the decision and the commit. Changes of packages are events of the trace. May be used from
 * any thread.
 */
public final class Tracing {

    /** Traces nothing. */
    public static final Tracing OFF = new Tracing(null);

    /** How many commands and changes of one batch are reported at most. */
    private static final int MOST = 100;

    private static final AttributeKey<Long> COMMANDS = AttributeKey.longKey("statemanager.commands");
    private static final AttributeKey<Long> CHANGES = AttributeKey.longKey("statemanager.changes");
    private static final AttributeKey<Long> REVISION = AttributeKey.longKey("statemanager.revision");
    private static final AttributeKey<String> SUBJECT = AttributeKey.stringKey("statemanager.subject");
    private static final AttributeKey<String> CAUSE = AttributeKey.stringKey("statemanager.cause");

    private final @Nullable Tracer tracer;

    /** @param tracer null to trace nothing */
    public Tracing(@Nullable Tracer tracer) {
        this.tracer = tracer;
    }

    /**
     * Reports a batch that is durable.
     *
     * @param revisions of its transactions
     * @param begun when its decision began, in {@link Timestamp#monotonicNanos}
     * @param decided when its decision ended and its commit began, in {@link Timestamp#monotonicNanos}
     */
    void batch(
            List<CommandQueue.PendingCommand> batch,
            Plan plan,
            List<Long> revisions,
            long begun,
            long decided,
            Timestamp now) {
        if (tracer == null) {
            return;
        }
        List<CommandQueue.PendingCommand> commands = batch.stream()
                .filter(CommandQueue.PendingCommand::hasCaller)
                .limit(MOST)
                .toList();
        long first = commands.stream()
                .mapToLong(CommandQueue.PendingCommand::received)
                .min()
                .orElse(begun);
        List<Transition> changes = plan.transactions().stream()
                .flatMap(planned -> planned.transitions().stream())
                .toList();
        Span root = start(tracer, "batch", Context.root(), first, now)
                .setAttribute(COMMANDS, (long) batch.size())
                .setAttribute(CHANGES, (long) changes.size());
        Context inBatch = Context.root().with(root);
        commands.forEach(command -> reportCommand(tracer, inBatch, command, now));
        end(start(tracer, "decide", inBatch, begun, now), decided, now);
        Span commit = start(tracer, "commit", inBatch, decided, now);
        if (!revisions.isEmpty()) {
            commit.setAttribute(REVISION, revisions.getLast());
        }
        end(commit, now.monotonicNanos(), now);
        addPackageChanges(root, changes);
        end(root, now.monotonicNanos(), now);
    }

    private static void reportCommand(
            Tracer tracer, Context inBatch, CommandQueue.PendingCommand pending, Timestamp now) {
        Span span = start(tracer, name(pending.command()), inBatch, pending.received(), now);
        span.setAttribute(SUBJECT, subject(pending.command()));
        end(span, now.monotonicNanos(), now);
    }

    private static void addPackageChanges(Span batch, List<Transition> changes) {
        changes.stream()
                .filter(change -> change.kind() == ResourceKind.PACKAGE)
                .limit(MOST)
                .forEach(change -> batch.addEvent(
                        "package %s: %s -> %s".formatted(change.name(), change.from(), change.to()),
                        Attributes.of(CAUSE, change.cause()),
                        change.atNanos(),
                        TimeUnit.NANOSECONDS));
    }

    /** Reports a request to ActionController that has ended. */
    void reconcile(String packageName, String scenario, long started, boolean accepted, String outcome, Timestamp now) {
        if (tracer == null) {
            return;
        }
        Span span = start(tracer, "reconcile", Context.root(), started, now);
        span.setAttribute(SUBJECT, "package " + packageName + ", scenario " + scenario);
        span.setStatus(accepted ? StatusCode.OK : StatusCode.ERROR, outcome);
        end(span, now.monotonicNanos(), now);
    }

    private static String name(Command command) {
        return switch (command) {
            case Command.NodeReport report -> "container list";
            case Command.ForgetNode forget -> "forget node";
            case Command.ModelChange change -> "model change";
            case Command.ScenarioChange change -> "scenario change";
            case Command.CountRestart restart -> "count restart";
            case Command.ForgetRestarts request -> "forget restarts";
            case Command.ApplyArtifacts apply -> "apply artifacts";
            case Command.DeleteArtifacts delete -> "delete artifacts";
            case Command.BeginOffload begin -> "begin offload";
            case Command.EndOffload end -> "end offload";
            case Command.MirrorArtifacts mirror -> "mirror artifacts";
            case Command.StoredContainers stored -> "stored containers";
            case Command.StoreEvents events -> "store events";
            case Command.Tick tick -> "tick";
            case Command.Repair repair -> "repair";
        };
    }

    private static String subject(Command command) {
        return switch (command) {
            case Command.NodeReport report -> "node " + report.node();
            case Command.ForgetNode forget -> "node " + forget.node();
            case Command.ModelChange change -> "model " + change.model();
            case Command.ScenarioChange change -> "scenario " + change.scenario();
            case Command.CountRestart restart -> "model " + restart.model();
            case Command.ForgetRestarts request -> "package " + request.packageName();
            case Command.ApplyArtifacts apply -> apply.artifacts().size() + " artifacts";
            case Command.DeleteArtifacts delete -> delete.artifacts().size() + " artifacts";
            case Command.BeginOffload begin -> "model " + begin.request().modelName();
            case Command.EndOffload end -> "model " + end.model();
            case Command.MirrorArtifacts mirror ->
                mirror.artifacts().size() + mirror.deleted().size() + " artifacts";
            case Command.StoredContainers stored -> "node " + stored.node();
            case Command.StoreEvents events -> events.events().size() + " events";
            case Command.Tick tick -> "";
            case Command.Repair repair -> "";
        };
    }

    private static Span start(Tracer tracer, String name, Context parent, long nanos, Timestamp now) {
        return tracer.spanBuilder(name)
                .setParent(parent)
                .setStartTimestamp(epochNanos(nanos, now), TimeUnit.NANOSECONDS)
                .startSpan();
    }

    private static void end(Span span, long nanos, Timestamp now) {
        span.end(epochNanos(nanos, now), TimeUnit.NANOSECONDS);
    }

    private static long epochNanos(long nanos, Timestamp now) {
        return now.wallNanos() - (now.monotonicNanos() - nanos);
    }
}
