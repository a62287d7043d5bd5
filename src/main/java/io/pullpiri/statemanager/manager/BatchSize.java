// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

/**
 * How many commands the next batch may take. It shrinks while batches do not fit into one transaction, or the store refuses
 * one of their commands, and grows with each success. Used on the loop only.
 */
final class BatchSize {

    private static final int LIMIT = 1_000;

    private int current = LIMIT;

    int current() {
        return current;
    }

    /**
     * A batch was committed: the next may be twice as large.
     *
     * @param commands how many of the batch were committed
     * @param whole whether that was all of the batch
     */
    void committed(int commands, boolean whole) {
        current = Math.clamp(2L * (whole ? current : commands), 1, LIMIT);
    }

    /**
     * The store refused a batch of several commands: smaller batches find the command that causes it.
     *
     * @param commands how many the batch had
     * @param partlyStored whether earlier transactions of the batch are stored; then each command is decided alone
     */
    void refused(int commands, boolean partlyStored) {
        current = partlyStored ? 1 : commands / 2;
    }
}
