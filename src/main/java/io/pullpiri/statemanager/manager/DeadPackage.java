// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.view.Timestamp;
import java.util.TreeMap;

/** What the reconciler knows of a dead package. The reconciler guards it. */
final class DeadPackage {

    /** From its reconcile record; a record with another value is a new death. */
    final long since;

    /** The requests, by scenario. */
    final TreeMap<String, Task> tasks = new TreeMap<>();

    /** Whether its models are restarted in place, and Reconcile is not called any more. */
    boolean inPlace;

    /** Whether a request was acknowledged, so that the time of {@code reconcile.patience} runs. */
    boolean acknowledged;

    DeadPackage(long since) {
        this.since = since;
    }

    /** The requests for one package and one scenario. */
    static final class Task {

        final String packageName;
        final String scenario;
        int attempts;
        int failures;
        String lastOutcome = "";

        /** The time of the next call, in {@link Timestamp#monotonicNanos}. */
        long nextNanos;

        boolean inFlight;
        boolean queued;

        /** When the last call began, in {@link Timestamp#monotonicNanos}. */
        long startedNanos;

        boolean cancelled;

        Task(String packageName, String scenario) {
            this.packageName = packageName;
            this.scenario = scenario;
        }
    }

    void cancel() {
        tasks.values().forEach(task -> task.cancelled = true);
    }
}
