// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile.flood;

import java.util.concurrent.atomic.AtomicInteger;

/** The measurements of the well-behaved clients during one phase. May be used from any thread. */
final class Measured {

    final Latencies health = new Latencies();
    final Latencies metrics = new Latencies();

    /** Lists of nodes that keep their connection. */
    final Latencies reports = new Latencies();

    /** Lists of nodes that connect for each list, and first lists of nodes. */
    final Latencies newcomers = new Latencies();

    /** Queries and state change requests of other components. */
    final Latencies requests = new Latencies();

    /** Pages, scripts and REST. */
    final Latencies pages = new Latencies();

    /** Lists that the server keeps and stores later. */
    final AtomicInteger late = new AtomicInteger();

    /** Subscriptions and event streams that ended. */
    final AtomicInteger endedStreams = new AtomicInteger();

    /** How many lists were refused: a NodeAgent never repeats one. */
    int refusedLists() {
        return reports.failures() + newcomers.failures();
    }
}
