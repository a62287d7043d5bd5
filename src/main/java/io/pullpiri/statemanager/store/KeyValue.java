// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store;

import java.util.Comparator;

/** A stored key with its value. The revisions are those of the commits that created the key and that last wrote it. */
public record KeyValue(String key, String value, long createRevision, long modRevision) {

    /** Orders by creation; keys that were created in one transaction are ordered by their names. */
    public static final Comparator<KeyValue> CREATION_ORDER =
            Comparator.comparingLong(KeyValue::createRevision).thenComparing(KeyValue::key);
}
