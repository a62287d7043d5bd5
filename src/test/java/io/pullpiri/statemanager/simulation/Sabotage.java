package io.pullpiri.statemanager.simulation;

/** What a store, or a manager that uses it carelessly, can do wrong: the simulation has to notice. */
enum Sabotage {
    NONE,
    /** Acknowledges before it commits. */
    ANSWERS_FIRST,
    /** Takes for done what was not: a view is published before its commit. */
    CLAIMS_WHAT_FAILED,
    FORGETS_GUARDS,
    DROPS_WATCH_EVENTS,
    /** Asks to reconcile without a record of it. */
    DROPS_RECONCILE_RECORDS,
    /** Tells and records changes of models that it does not store. */
    DROPS_MODELS,
    /** Nobody is called, whoever is dead. */
    CALLS_NOBODY,
    /** Begins a call a while after it was decided, whatever has happened since. */
    CALLS_LATE
}
