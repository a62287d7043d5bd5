// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.state.ModelState;
import java.time.Duration;

/**
 * The record {@code /statemanager/restart/{model}}: how often a dead model was restarted in place. It is written before each
 * call, so that a restart of StateManager does not begin to count again.
 *
 * @param name of the model
 * @param attempts how often, since the count began
 * @param lastNanos when the last attempt began, in nanoseconds since 1970
 */
public record RestartRecord(String name, int attempts, long lastNanos) implements StoredRecord {

    /** A model that ran for so long counts as recovered: its next death is counted from the beginning. */
    private static final Duration RECOVERED = Duration.ofMinutes(10);

    /** Returns how often a model was restarted in place since its count began. */
    // [impl->req~rec-restart-count~1]
    public static int attempts(ModelEntry model) {
        RestartRecord record = model.restart().value();
        if (record == null) {
            return 0;
        }
        Transition latest = model.state().history().latest();
        boolean ranLong = latest != null
                && latest.from().equals(ModelState.RUNNING.title())
                && latest.durationMillis() >= RECOVERED.toMillis()
                && latest.atNanos() > record.lastNanos;
        return ranLong ? 0 : record.attempts;
    }
}
