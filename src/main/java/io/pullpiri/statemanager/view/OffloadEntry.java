// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import org.jspecify.annotations.Nullable;

/**
 * What the view holds of one offload.
 *
 * @param record null for a stored record that is damaged, and for one whose deletion is not committed
 * @param settleEnd when the settle time is over, in {@link Timestamp#monotonicNanos}; {@code Long.MAX_VALUE} if it does not run
 * @param revision of the stored record; 0 if there is none
 */
public record OffloadEntry(@Nullable OffloadRecord record, long settleEnd, long revision) {

    /** The estimated memory in bytes. */
    public long bytes() {
        return 100 + (record == null ? 0 : record.bytes());
    }
}
