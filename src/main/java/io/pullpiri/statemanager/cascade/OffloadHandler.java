// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.view.Transition.BY_STATE_MANAGER;

import io.pullpiri.statemanager.cascade.Command.OffloadOutcome;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.OffloadEntry;
import io.pullpiri.statemanager.view.OffloadRecord;
import io.pullpiri.statemanager.view.OffloadRequest;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;

/** Records the moves of models between nodes, and settles what became of them. */
final class OffloadHandler {

    /** The name of the limit on recorded moves, in metrics and in the log. */
    private static final String LIMIT = "offloads";

    /** How many moves are recorded at the same time. ActionController takes them one after the other. */
    private static final int MOST = 1_000;

    private static final long NOT_RUNNING = Long.MAX_VALUE;

    private final ViewBuilder builder;
    private final StatePropagation propagation;
    private final NodeContainers containers;

    OffloadHandler(ViewBuilder builder, StatePropagation propagation, NodeContainers containers) {
        this.builder = builder;
        this.propagation = propagation;
        this.containers = containers;
    }

    /** Records a move, unless a call for the same model is open. A move that only has to be settled is settled first. */
    // [impl->req~off-record~2]
    CommandResult begin(Command.BeginOffload begin) {
        OffloadRequest request = begin.request();
        String model = request.modelName();
        OffloadRecord earlier = builder.offload(model);
        if (earlier != null && earlier.isOpen() && earlier.transitionId().equals(begin.transitionId())) {
            return recorded(earlier); // the answer of the store was lost, and the command is decided again
        }
        if (earlier != null && earlier.isOpen()) {
            return new CommandResult.NotAllowed("model_name: " + earlier.description()
                    + " is being offloaded (expected: one request at a time; ask again when that one has ended)");
        }
        if (earlier == null && builder.offloads().size() >= MOST) {
            return builder.refuse(
                    LIMIT,
                    "full",
                    "offloads: " + MOST
                            + " models are being offloaded (expected: fewer; ask again when some have ended)");
        }
        if (earlier != null && earlier.isActive()) {
            settle(earlier);
        }
        ModelEntry entry = builder.model(model);
        boolean dead = entry.state().value() == ModelState.DEAD;
        OffloadRecord record =
                OffloadRecord.begun(request, begin.transitionId(), builder.now().wallNanos(), dead, entry);
        builder.setOffload(model, record, NOT_RUNNING);
        note(record, "requested");
        return recorded(record);
    }

    private static CommandResult recorded(OffloadRecord record) {
        return new CommandResult.Done("the offload of " + record.description() + " is recorded");
    }

    /** Records the end of a call. */
    CommandResult end(Command.EndOffload end) {
        OffloadRecord record = builder.offload(end.model());
        if (record == null || !record.isOpen() || !record.transitionId().equals(end.transitionId())) {
            return new CommandResult.Done("no open offload has this id");
        }
        if (end.outcome() == OffloadOutcome.NOT_SENT) {
            builder.setOffload(end.model(), null, NOT_RUNNING);
            note(record, "not sent: " + end.message());
            return new CommandResult.Done("the offload is removed");
        }
        long settle = end.settle().toNanos();
        builder.setOffload(
                end.model(),
                record.ended(
                        end.outcome() == OffloadOutcome.SUCCEEDED,
                        end.message(),
                        builder.now().wallNanos(),
                        settle),
                builder.now().monotonicNanos() + settle);
        return new CommandResult.Done("the offload has ended");
    }

    /** Settles the moves whose settle time is over. One whose model may still be on a node waits for the end of that grace period. */
    void settle() {
        long now = builder.now().monotonicNanos();
        for (OffloadEntry entry : List.copyOf(builder.offloads().values())) {
            OffloadRecord record = entry.record();
            if (record != null && entry.settleEnd() <= now) {
                String model = record.request().modelName();
                OptionalLong graceEnd = graceEnd(builder.model(model));
                if (graceEnd.isPresent()) {
                    builder.putOffload(model, new OffloadEntry(record, graceEnd.getAsLong(), entry.revision()));
                } else {
                    settle(record);
                }
            }
        }
    }

    /**
     * When the next grace period of a model ends that has not ended as far as is known, and that lists only leave out. Empty for
     * other models.
     */
    private OptionalLong graceEnd(ModelEntry model) {
        return OffloadRecord.isOnANode(model)
                ? OptionalLong.empty()
                : model.containers().entrySet().stream()
                        .flatMapToLong(of -> of.getValue().stream()
                                .filter(container -> !OffloadRecord.hasEnded(container))
                                .map(container ->
                                        builder.node(of.getKey()).graceEnds().get(container.name()))
                                .filter(Objects::nonNull)
                                .mapToLong(Long::longValue))
                        .min();
    }

    /**
     * Settles a move. A model that no node has any more is lost, whatever ActionController answered. Other models have the state
     * that their containers give.
     */
    // [impl->req~off-lost~2]
    private void settle(OffloadRecord record) {
        String name = record.request().modelName();
        ModelEntry model = builder.model(name);
        boolean lost = !OffloadRecord.isOnANode(model)
                && graceEnd(model).isEmpty()
                && builder.mayBeNamed(model)
                && model.state().value() != null;
        if (lost) {
            builder.setOffload(name, record.lost(), NOT_RUNNING);
            builder.put(model.derived(model.containers().isEmpty() ? null : ModelState.DEAD));
            note(record, answer(record) + "; no node runs the model");
            propagation.setModel(name, ModelState.DEAD, lostCause(record), BY_STATE_MANAGER);
        } else {
            note(record, answer(record) + "; " + where(record, model));
            builder.setOffload(name, null, NOT_RUNNING);
            if (!model.containers().isEmpty()) {
                containers.derive(name);
            }
        }
    }

    private static String lostCause(OffloadRecord record) {
        OffloadRequest request = record.request();
        return "lost in offloading from " + LogText.printable(request.sourceNode()) + " to "
                + LogText.printable(request.targetNode()) + ": no node reports a running container of it; "
                + answer(record);
    }

    private static String answer(OffloadRecord record) {
        return (record.success() ? "ActionController reported success" : "failed")
                + (record.message().isEmpty() ? "" : ": " + LogText.excerpt(record.message(), 200));
    }

    private static String where(OffloadRecord record, ModelEntry model) {
        return record.isReportedByTarget(model)
                ? "the target reports the model"
                : record.isStillOnSource(model)
                        ? "the source still runs the model"
                        : "the target does not report the model";
    }

    /** Records what became of a move in the histories of all packages that name its model. */
    private void note(OffloadRecord record, String what) {
        String text = "offload of " + record.description() + ": " + what;
        for (String name : builder.model(record.request().modelName()).packages()) {
            propagation.note(name, record.transitionId(), text);
        }
    }
}
