// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Transaction.Write;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/**
 * The journal records in the store, and the resources whose changes they hold. One record holds all changes of one commit.
 * The texts of the records stay in the store. Immutable.
 *
 * @param records by sequence number
 * @param next the sequence number of the next record
 * @param changes how many changes all records hold; a record without changes counts as one
 */
// [impl->req~sto-journal~1]
public record Journal(TreePMap<Long, JournalRecord> records, long next, long changes) {

    static final Journal EMPTY = new Journal(TreePMap.empty(), 1, 0);

    /** The identity of a resource or a node. */
    public record Subject(ResourceKind kind, String name) {

        /** The subject of a transition. */
        public static Subject of(Transition transition) {
            return new Subject(transition.kind(), transition.name());
        }
    }

    /**
     * One record.
     *
     * @param subjects the subject of each change
     * @param revision the revision of the commit that wrote it; 0 until it is committed
     */
    public record JournalRecord(List<Subject> subjects, long revision) {

        private int changes() {
            return Math.max(1, subjects.size());
        }
    }

    /**
     * The fence: an empty record with the next sequence number. A transaction that an earlier process still has in flight
     * requires that this record does not exist, so it can no longer be committed.
     *
     * @param journal all records of the store
     */
    public static Write fence(List<KeyValue> journal) {
        long newest = journal.stream()
                .mapToLong(record -> sequence(record.key()))
                .max()
                .orElse(0);
        return new Write(
                Keys.journal(Math.max(0, newest) + 1),
                RecordCodec.text(new RecordCodec.JournalRecordText(null, null, null, null)),
                0);
    }

    /** The sequence number in a record's key; -1 for a key that StateManager did not write. */
    public static long sequence(String key) {
        String digits = key.substring(Keys.JOURNAL_PREFIX.length());
        // Sequence numbers stay below 10^18, so the first of 19 digits is 0.
        return digits.matches("0[0-9]{18}") ? Long.parseLong(digits) : -1;
    }

    /** The changes of the commit that wrote a record, in order; null for a text that is no journal record. */
    public static @Nullable List<Transition> changes(String text) {
        RecordCodec.JournalRecordText record = RecordCodec.parse(text, RecordCodec.JournalRecordText.class);
        return record == null ? null : record.all();
    }

    /**
     * The transitions that were carried forward into a record, then its changes and its notes; empty for a text that is no journal
     * record.
     */
    static List<Transition> carriedChangesAndNotes(String text) {
        RecordCodec.JournalRecordText record = RecordCodec.parse(text, RecordCodec.JournalRecordText.class);
        return record == null
                ? List.of()
                : Stream.of(record.carried(), record.changes(), record.notes())
                        .filter(Objects::nonNull)
                        .flatMap(List::stream)
                        .toList();
    }

    /** The estimated memory in bytes. */
    public long bytes() {
        return 80 * changes;
    }

    /** Whether this journal and an earlier one have the same oldest record. */
    public boolean hasOldestOf(Journal before) {
        return !records.isEmpty()
                && !before.records.isEmpty()
                && records.firstKey().equals(before.records.firstKey());
    }

    /** Adds a record; the revision is 0 until it is committed. */
    public Journal plus(long sequence, List<Subject> subjects, long revision) {
        JournalRecord record = new JournalRecord(subjects, revision);
        return new Journal(records.plus(sequence, record), Math.max(next, sequence + 1), changes + record.changes());
    }

    /** Removes a record, if it exists. */
    public Journal minus(long sequence) {
        JournalRecord record = records.get(sequence);
        return record == null ? this : new Journal(records.minus(sequence), next, changes - record.changes());
    }

    /** Notes the revision of the commit that wrote a record, if the record exists. */
    public Journal written(long sequence, long revision) {
        JournalRecord record = records.get(sequence);
        return record == null
                ? this
                : new Journal(records.plus(sequence, new JournalRecord(record.subjects(), revision)), next, changes);
    }
}
