// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

/**
 * A record that {@link RecordCodec} writes and reads, or a part of one. Sealed, so that the compiler demands a check of the
 * required fields for each type.
 */
public sealed interface StoredRecord
        permits RecordCodec.NodeRecord,
                RecordCodec.JournalRecordText,
                ReconcileRecord,
                OffloadRecord,
                OffloadRecord.Before,
                OffloadRequest,
                RestartRecord,
                Owner,
                Container,
                Transition {}
