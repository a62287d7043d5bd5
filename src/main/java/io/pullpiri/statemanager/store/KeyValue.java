package io.pullpiri.statemanager.store;

import java.util.Comparator;

/** A key as it is stored, with the revisions of the commits that created it and last wrote it. */
public record KeyValue(String key, String value, long createRevision, long modRevision) {

    /** The order in which keys were created; keys of one transaction in the order of their names. */
    public static final Comparator<KeyValue> CREATION_ORDER =
            Comparator.comparingLong(KeyValue::createRevision).thenComparing(KeyValue::key);
}
