package io.pullpiri.statemanager.web;

import io.pullpiri.statemanager.view.History;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Histories as callers see them. Each is many reads of the store: only some are read at a time, and none again as long as
 * its resource does not change.
 */
final class HistoryCache {

    /** How many changes are remembered in all. */
    private static final int KEPT = 5_000;

    private final Function<History, List<Json.ChangeJson>> reading;
    private final Semaphore readers;
    private final Duration patience;

    // Both guarded by this.
    private final Map<History, List<Json.ChangeJson>> known = new LinkedHashMap<>(16, 0.75f, true);
    private int kept;

    /**
     * @param reading reads one from the store
     * @param atOnce how many are read at a time
     * @param patience how long a caller waits for its turn
     */
    HistoryCache(Function<History, List<Json.ChangeJson>> reading, int atOnce, Duration patience) {
        this.reading = reading;
        this.readers = new Semaphore(atOnce, true);
        this.patience = patience;
    }

    /**
     * Newest first.
     *
     * @throws HttpProblem if too many others are being read
     * @throws io.pullpiri.statemanager.manager.StoreAwayException if the store cannot be read
     */
    List<Json.ChangeJson> of(History history) throws HttpProblem {
        List<Json.ChangeJson> remembered = known(history);
        if (remembered != null) {
            return remembered;
        }
        try {
            if (!readers.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new HttpProblem(503, "too many histories are being read");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HttpProblem(503, "StateManager is stopping");
        }
        try {
            // Another may have read it while this one waited.
            List<Json.ChangeJson> found = known(history);
            return found == null ? remember(history, reading.apply(history)) : found;
        } finally {
            readers.release();
        }
    }

    private synchronized @Nullable List<Json.ChangeJson> known(History history) {
        return known.get(history);
    }

    private synchronized List<Json.ChangeJson> remember(History history, List<Json.ChangeJson> changes) {
        List<Json.ChangeJson> before = known.put(history, changes);
        kept += changes.size() - (before == null ? 0 : before.size());
        for (Iterator<List<Json.ChangeJson>> oldest = known.values().iterator(); kept > KEPT && oldest.hasNext(); ) {
            kept -= oldest.next().size();
            oldest.remove();
        }
        return changes;
    }
}
