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
 * What is kept in memory of a resource's history: the newest change, and the journal records that hold the others. The
 * texts are read from the store when somebody asks.
 *
 * @param records sequence numbers of journal records, oldest first, each once
 */
@SuppressWarnings("ArrayRecordComponent") // longs by the hundred for every resource; nobody is handed them to change
public record History(@Nullable Transition latest, long[] records) {

    public static final History NONE = new History(null, new long[0]);

    /** With a change that is decided but in no record yet. A resource that was gone begins anew. */
    public History decided(Transition transition) {
        return new History(transition, generation() == 0 ? NONE.records : records);
    }

    /** With one more record; of the older ones the newest {@code limit - 1} are kept. */
    public History recorded(long record, int limit) {
        if (newestRecord() == record) {
            return this;
        }
        int kept = Math.min(records.length, limit - 1);
        long[] longer = Arrays.copyOfRange(records, records.length - kept, records.length + 1);
        longer[kept] = record;
        return new History(latest, longer);
    }

    /** The newest change was carried forward into another record; everything older is gone. */
    public History carriedTo(long record) {
        return new History(latest, new long[] {record});
    }

    /**
     * The changes since the resource came into being, newest first. Reads records only as they are needed.
     *
     * @param text of the record with a sequence number; null if it is gone
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
        // One of the same name may have lived before: its changes have the same numbers again.
        AtomicLong expected = new AtomicLong(latest.generation());
        return recorded.takeWhile(transition -> expected.get() > 0)
                .filter(transition -> transition.generation() == expected.get())
                .peek(transition -> expected.decrementAndGet());
    }

    /** About how much memory it takes, without the journal. */
    public long bytes() {
        return 100 + 8L * records.length + (latest == null ? 0 : latest.bytes());
    }

    /** The record that holds the newest change; -1 if there is none. */
    public long newestRecord() {
        return records.length == 0 ? -1 : records[records.length - 1];
    }

    /** The number of changes so far, 0 for a resource that has no state. */
    public long generation() {
        return latest == null || latest.to().isEmpty() ? 0 : latest.generation();
    }
}
