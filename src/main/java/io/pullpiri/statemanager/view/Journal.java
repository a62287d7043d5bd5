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
 * Which journal records there are, and of whom they speak. A record holds all changes of one commit; one without changes
 * is written before the store is read, so that nothing decided before can be committed after it.
 *
 * @param records by sequence number
 * @param next the sequence number of the next record
 * @param changes how many changes the records hold in all; one for a record that holds none
 */
public record Journal(TreePMap<Long, JournalRecord> records, long next, long changes) {

    static final Journal EMPTY = new Journal(TreePMap.empty(), 1, 0);

    /** One resource. */
    public record Subject(ResourceKind kind, String name) {

        public static Subject of(Transition transition) {
            return new Subject(transition.kind(), transition.name());
        }
    }

    /**
     * One record.
     *
     * @param subjects of whom it speaks, one for each change
     * @param revision the commit that wrote it, 0 as long as none has
     */
    public record JournalRecord(List<Subject> subjects, long revision) {

        private int changes() {
            return Math.max(1, subjects.size());
        }
    }

    /** The next record, with no change in it: what was decided before it was written cannot be committed after it. */
    public static Write fence(List<KeyValue> journal) {
        long newest = journal.stream()
                .mapToLong(record -> sequence(record.key()))
                .max()
                .orElse(0);
        return new Write(
                Keys.journal(Math.max(0, newest) + 1),
                RecordCodec.text(new RecordCodec.JournalRecordText(null, null, null)),
                0);
    }

    /** The sequence number in a record's key; -1 for a key that is none of ours: they begin with zeros for centuries. */
    public static long sequence(String key) {
        String digits = key.substring(Keys.JOURNAL_PREFIX.length());
        return digits.matches("0[0-9]{18}") ? Long.parseLong(digits) : -1;
    }

    /** The changes of the commit that wrote a record, in order; null for a text that is none of ours. */
    public static @Nullable List<Transition> changes(String text) {
        RecordCodec.JournalRecordText record = RecordCodec.parse(text, RecordCodec.JournalRecordText.class);
        return record == null ? null : record.all();
    }

    /** What was carried forward into a record, then its changes; empty for a text that is none of ours. */
    static List<Transition> carriedAndChanges(String text) {
        RecordCodec.JournalRecordText record = RecordCodec.parse(text, RecordCodec.JournalRecordText.class);
        return record == null
                ? List.of()
                : Stream.of(record.carried(), record.changes())
                        .filter(Objects::nonNull)
                        .flatMap(List::stream)
                        .toList();
    }

    /** About how much memory it takes. */
    public long bytes() {
        return 80 * changes;
    }

    /** Whether the oldest record is still the same. */
    public boolean hasOldestOf(Journal before) {
        return !records.isEmpty()
                && !before.records.isEmpty()
                && records.firstKey().equals(before.records.firstKey());
    }

    public Journal plus(long sequence, List<Subject> subjects, long revision) {
        JournalRecord page = new JournalRecord(subjects, revision);
        return new Journal(records.plus(sequence, page), Math.max(next, sequence + 1), changes + page.changes());
    }

    public Journal minus(long sequence) {
        JournalRecord page = records.get(sequence);
        return page == null ? this : new Journal(records.minus(sequence), next, changes - page.changes());
    }

    public Journal written(long sequence, long revision) {
        JournalRecord page = records.get(sequence);
        return page == null
                ? this
                : new Journal(records.plus(sequence, new JournalRecord(page.subjects(), revision)), next, changes);
    }
}
