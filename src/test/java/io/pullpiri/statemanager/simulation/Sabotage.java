// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import io.pullpiri.statemanager.cascade.Rules;
import java.time.Duration;

/** Defects of a store, or of a manager, that the simulation has to notice. */
enum Sabotage {
    NONE,
    /** Acknowledges a commit before it is done. */
    ANSWERS_FIRST,
    /** Acknowledges a commit that was not done, so a view is published before its commit. */
    CLAIMS_WHAT_FAILED,
    FORGETS_GUARDS,
    DROPS_WATCH_EVENTS,
    /** Does not store reconcile records. */
    DROPS_RECONCILE_RECORDS,
    /** Records changes of models in the journal, but does not store the models' states. */
    DROPS_MODELS,
    /** Sends no request to ActionController. */
    SENDS_NO_REQUEST,
    /** Does not store dead containers that were removed. */
    DROPS_REMOVED_CONTAINERS,
    /** Takes an empty list for one that leaves a container out. */
    TRUSTS_EMPTY_LISTS,
    /** Takes no removal of a dead container for a stop on purpose. */
    KNOWS_NO_STOPS,
    /** Takes each removal of a killed container for a stop on purpose, however late. */
    KNOWS_ONLY_STOPS,
    /** Sends each request later than decided, even if the package recovered in between. */
    CALLS_LATE,
    /** Counts restarts in place, and does not call ActionController. */
    SENDS_NO_RESTART;

    /** The rules that the program follows, which these defects change. */
    Rules rules(Rules right) {
        return switch (this) {
            case TRUSTS_EMPTY_LISTS -> with(right, right.vanishGrace(), right.stopWindow());
            case KNOWS_NO_STOPS -> with(right, right.emptyGrace(), Duration.ofNanos(-1));
            case KNOWS_ONLY_STOPS -> with(right, right.emptyGrace(), Duration.ofDays(1));
            case NONE,
                    ANSWERS_FIRST,
                    CLAIMS_WHAT_FAILED,
                    FORGETS_GUARDS,
                    DROPS_WATCH_EVENTS,
                    DROPS_RECONCILE_RECORDS,
                    DROPS_MODELS,
                    SENDS_NO_REQUEST,
                    DROPS_REMOVED_CONTAINERS,
                    CALLS_LATE,
                    SENDS_NO_RESTART -> right;
        };
    }

    private static Rules with(Rules right, Duration emptyGrace, Duration stopWindow) {
        return new Rules(
                right.cleanExitCodes(),
                right.vanishGrace(),
                emptyGrace,
                stopWindow,
                right.vanished(),
                right.reconcileOn(),
                right.protobufNames(),
                right.historyLimit());
    }
}
