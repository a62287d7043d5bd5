package io.pullpiri.statemanager.store;

/** A key as it is stored, with the revisions of the commits that created it and last wrote it. */
public record KeyValue(String key, String value, long createRevision, long modRevision) {}
