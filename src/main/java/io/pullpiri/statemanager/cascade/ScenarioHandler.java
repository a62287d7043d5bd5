// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.state.ScenarioSteps;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.Transition;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Takes scenarios a step further. {@link ScenarioSteps} has the rules. */
final class ScenarioHandler {

    /** A condition that is met at every sample must not fill the history: one round a second is recorded. */
    private static final long ROUND_INTERVAL = TimeUnit.SECONDS.toNanos(1);

    private final ViewBuilder builder;
    private final StatePropagation propagation;

    ScenarioHandler(ViewBuilder builder, StatePropagation propagation) {
        this.builder = builder;
        this.propagation = propagation;
    }

    /** Decides on a request for a step. */
    // [impl->req~scn-steps~2]
    // [impl->req~scn-retry~1]
    // [impl->req~scn-announcement~1]
    CommandResult step(Command.ScenarioChange change) {
        if (!builder.scenarios().containsKey(change.scenario()) && !builder.hasRoomFor(ResourceEntry.NEW_BYTES)) {
            return builder.refuseForMemory();
        }
        if (change.isAnnouncement()) {
            return take(change, "");
        }
        ScenarioEntry scenario = builder.scenario(change.scenario());
        ScenarioState stored = scenario.state().value();
        Transition latest = scenario.state().history().latest();
        if (stored != null && isRetry(change, latest)) {
            return success(change, stored);
        }
        boolean later = latest == null || change.atNanos() > latest.atNanos();
        return switch (ScenarioSteps.decide(stored, change.current(), change.target(), later)) {
            case ScenarioSteps.Decision.Unchanged unchanged -> success(change, change.target());
            case ScenarioSteps.Decision.Refused refused ->
                new CommandResult.NotAllowed("scenario %s %s and cannot become %s"
                        .formatted(
                                change.scenario(),
                                stored == null ? "has no state" : "is " + stored.title(),
                                change.target().title()));
            case ScenarioSteps.Decision.Taken taken ->
                taken.newRound() && isTooSoon(latest)
                        ? success(change, Objects.requireNonNull(stored))
                        : take(change, remark(taken));
        };
    }

    private static boolean isRetry(Command.ScenarioChange change, @Nullable Transition latest) {
        return latest != null
                && !change.transitionId().isEmpty()
                && latest.transitionId().equals(change.transitionId());
    }

    private boolean isTooSoon(@Nullable Transition latest) {
        return latest != null && builder.now().wallNanos() - latest.atNanos() < ROUND_INTERVAL;
    }

    private static String remark(ScenarioSteps.Decision.Taken taken) {
        String unreported =
                taken.unreported().isEmpty() ? "" : "; not reported: " + String.join(", ", taken.unreported());
        return (taken.newRound() ? "; a new round" : "") + unreported;
    }

    private CommandResult take(Command.ScenarioChange change, String remark) {
        propagation.setState(
                builder.scenario(change.scenario()),
                change.target(),
                change.transitionId(),
                Transition.requestedBy(change.source()) + remark,
                change.source());
        return success(change, change.target());
    }

    private static CommandResult success(Command.ScenarioChange change, ScenarioState state) {
        return new CommandResult.Done("scenario " + change.scenario() + " is " + state.title());
    }
}
