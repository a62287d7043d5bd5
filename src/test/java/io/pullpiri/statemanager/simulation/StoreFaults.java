package io.pullpiri.statemanager.simulation;

/** What befalls a store, and how long what goes to it and comes from it is on its way. */
interface StoreFaults {

    /** What becomes of a commit. */
    enum Fate {
        DONE,
        /** It is not done, and the store says so. */
        UNAVAILABLE,
        /** It is done, and nobody hears of it. */
        ANSWER_LOST,
        /** It is not done, and nobody hears of it. */
        REQUEST_LOST,
        /** It is done only when the caller has long given up. */
        LATE,
        /** It takes its time. */
        SLOW,
        /** It is not done, and the reason that the store gives is not one that is known. */
        REFUSED
    }

    /** What time it is, in nanoseconds since whenever. */
    long ticks();

    /** What becomes of the commit that begins now. */
    Fate fate();

    /** Whether the store can be read now. */
    boolean isReachable();

    /** Brings a message to its receiver, in its own time; those of one channel in order. */
    void carry(Object channel, Fate fate, Runnable message);
}
