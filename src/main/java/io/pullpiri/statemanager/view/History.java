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
 * @param records sequence numbers of journal records, oldest first, each once
 */
@SuppressWarnings("ArrayRecordComponent") // a hundred longs for each resource; no code changes an array
public record History(@Nullable Transition latest, long[] records) {

    /** The history of a resource that never had a state. */
    public static final History NONE = new History(null, new long[0]);

    /** Adds a transition that is decided but in no record yet. The history of a resource that was gone starts again. */
    public History decided(Transition transition) {
        return new History(transition, generation() == 0 ? NONE.records : records);
    }

    /** Adds a record that holds the latest transition. Keeps at most {@code limit} records. */
    public History recorded(long record, int limit) {
        if (newestRecord() == record) {
            return this;
        }
        int kept = Math.min(records.length, limit - 1);
        long[] longer = Arrays.copyOfRange(records, records.length - kept, records.length + 1);
        longer[kept] = record;
        return new History(latest, longer);
    }

    /** Notes that the latest transition was carried forward into a record, and that older records were deleted. */
    public History carriedTo(long record) {
        return new History(latest, new long[] {record});
    }

    /**
     * The transitions since the resource came into being, newest first. Reads each record only when it is needed.
     *
     * @param text gives the text of the record with a sequence number; null if it was deleted
     */
    public Stream<Transition> newestFirst(LongFunction<@Nullable String> text) {
        if (latest == null) {
            return Stream.empty();
        }
        Subject subject = Subject.of(latest);
        Stream<Transition> recorded = LongStream.range(0, records.length)
                .map(index -> records[(int) (records.length - 1 - index)])
                .mapToObj(text)
                .filter(Objects::nonNull)
                .flatMap(found -> Journal.carriedAndChanges(found).reversed().stream())
                .filter(transition -> Subject.of(transition).equals(subject));
        // Transitions of an earlier resource of the same name are older: reading ends after generation 1.
        AtomicLong expected = new AtomicLong(latest.generation());
        return recorded.takeWhile(transition -> expected.get() > 0)
                .filter(transition -> transition.generation() == expected.get())
                .peek(transition -> expected.decrementAndGet());
    }

    /** The estimated memory in bytes, without the journal. */
    public long bytes() {
        return 100 + 8L * records.length + (latest == null ? 0 : latest.bytes());
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
