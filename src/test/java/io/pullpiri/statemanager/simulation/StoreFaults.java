// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

/** The faults of a store, and the delays of messages to and from it. */
interface StoreFaults {

    /** The fate of a commit. */
    enum Fate {
        DONE,
        /** It is not done, and the store reports that. */
        UNAVAILABLE,
        /** It is done, and its answer is lost. */
        ANSWER_LOST,
        /** It is not done, and its answer is lost. */
        REQUEST_LOST,
        /** It is done long after the caller's timeout. */
        LATE,
        /** It takes long. */
        SLOW,
        /** It is not done, and the store gives an unknown reason. */
        REFUSED
    }

    /** Returns the time in nanoseconds since an arbitrary start. */
    long ticks();

    /** Returns the fate of the commit that begins now. */
    Fate fate();

    /** Whether the store can be read now. */
    boolean isReachable();

    /** Delivers a message after a delay; the messages of one channel stay in order. */
    void carry(Object channel, Fate fate, Runnable message);
}
