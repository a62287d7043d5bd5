// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.view.Journal.Subject;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The part of a resource's history that is kept in memory: the latest transition, and the numbers of the journal records
 * that hold the others. The other transitions are read from the store on request.
 *
 * @param latest null if the resource never had a state
 * @param records sequence numbers of the journal records with its transitions, oldest first, each once
 * @param notes sequence numbers of the journal records with its notes, oldest first, each once; see {@link Transition#isNote}
 */
@SuppressWarnings("ArrayRecordComponent") // a hundred longs for each resource; no code changes an array
public record History(@Nullable Transition latest, long[] records, long[] notes) {

    /** The history of a resource that never had a state. */
    public static final History NONE = new History(null, new long[0], new long[0]);

    /** Adds a transition that is decided but in no record yet. The history of a resource that was gone starts again. */
    public History decided(Transition transition) {
        boolean begins = generation() == 0;
        return new History(transition, begins ? NONE.records : records, begins ? NONE.notes : notes);
    }

    /** Adds a record that holds the latest transition. Keeps at most {@code limit} records. */
    public History recorded(long record, int limit) {
        if (newestRecord() == record) {
            return this;
        }
        return new History(latest, plus(records, record, limit), notes);
    }

    /** Adds a record that holds a note. Keeps at most {@code limit} of them. */
    public History noted(long record, int limit) {
        boolean known = notes.length > 0 && notes[notes.length - 1] == record;
        return known ? this : new History(latest, records, plus(notes, record, limit));
    }

    private static long[] plus(long[] numbers, long next, int limit) {
        int kept = Math.min(numbers.length, limit - 1);
        long[] longer = Arrays.copyOfRange(numbers, numbers.length - kept, numbers.length + 1);
        longer[kept] = next;
        return longer;
    }

    /** Notes that the latest transition was carried forward into a record, and that older records were deleted. */
    public History carriedTo(long record) {
        return new History(latest, new long[] {record}, notes);
    }

    /**
     * The transitions and notes since the resource came into being, newest first. Reads each record only when it is needed.
     *
     * @param text gives the text of the record with a sequence number; null if it was deleted
     */
    public Stream<Transition> newestFirst(LongFunction<@Nullable String> text) {
        if (latest == null) {
            return Stream.empty();
        }
        Subject subject = Subject.of(latest);
        Stream<Transition> recorded = LongStream.concat(Arrays.stream(records), Arrays.stream(notes))
                .map(sequence -> -sequence)
                .sorted()
                .distinct()
                .map(sequence -> -sequence)
                .mapToObj(text)
                .filter(Objects::nonNull)
                .flatMap(found -> Journal.carriedChangesAndNotes(found).reversed().stream())
                .filter(transition -> Subject.of(transition).equals(subject));
        // Transitions of an earlier resource of the same name are older: reading ends after generation 1.
        AtomicLong expected = new AtomicLong(latest.generation());
        return recorded.takeWhile(transition -> expected.get() > 0)
                .filter(transition -> transition.isNote() || transition.generation() == expected.get())
                .peek(transition -> expected.addAndGet(transition.isNote() ? 0 : -1));
    }

    /** The estimated memory in bytes, without the journal. */
    public long bytes() {
        return 100 + 8L * (records.length + notes.length) + (latest == null ? 0 : latest.bytes());
    }

    /** The record that holds the latest transition; -1 if there is none. */
    public long newestRecord() {
        return records.length == 0 ? -1 : records[records.length - 1];
    }

    /** The number of transitions so far; 0 for a resource without a state. */
    public long generation() {
        return latest == null || latest.to().isEmpty() ? 0 : latest.generation();
    }
}
