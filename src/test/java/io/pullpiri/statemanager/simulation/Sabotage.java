package io.pullpiri.statemanager.simulation;

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
    /** Sends each request later than decided, even if the package recovered in between. */
    CALLS_LATE
}
