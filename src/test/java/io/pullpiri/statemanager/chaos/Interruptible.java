// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.chaos;

import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;

/** Runs a program that Ctrl-C may interrupt. Ctrl-C also ends the servers, which is not a failure then. */
final class Interruptible {

    private Interruptible() {}

    /** Does the work, and ends the program: with 0 if the work returns true, else with 1. */
    static void run(Callable<Boolean> work) throws Exception {
        AtomicBoolean interrupted = new AtomicBoolean();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> interrupted.set(true), "interrupted"));
        boolean good;
        try {
            good = work.call();
        } catch (Exception e) {
            if (interrupted.get()) {
                return;
            }
            throw e;
        }
        System.exit(good ? 0 : 1);
    }
}
