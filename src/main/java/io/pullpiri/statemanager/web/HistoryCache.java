// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.pullpiri.statemanager.limits.ConcurrencyLimiter;
import io.pullpiri.statemanager.view.History;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The histories of resources as JSON values. A history is many reads of the store, so only some are read at the same time. A
 * history that was read is kept until its resource changes.
 */
final class HistoryCache {

    /** The most changes that the cache holds. */
    private static final int KEPT = 5_000;

    private final Function<History, List<Json.ChangeJson>> reading;
    private final ConcurrencyLimiter readers;
    private final Duration wait;

    // Both guarded by this.
    private final Map<History, List<Json.ChangeJson>> known = new LinkedHashMap<>(16, 0.75f, true);
    private int kept;

    /**
     * @param reading reads one history from the store
     * @param most the most histories that are read at the same time
     * @param wait the longest time that a caller waits for the reads of others
     * @param refusals counts the callers whose wait timed out
     */
    HistoryCache(
            Function<History, List<Json.ChangeJson>> reading,
            int most,
            Duration wait,
            ConcurrencyLimiter.RefusalLog refusals) {
        this.reading = reading;
        this.readers =
                new ConcurrencyLimiter(most, "http-histories", "busy", "too many histories are being read", refusals);
        this.wait = wait;
    }

    /**
     * Returns the changes of a resource, the newest first.
     *
     * @throws HttpProblem if too many other histories are being read
     * @throws io.pullpiri.statemanager.manager.ReadFailedException if the store cannot be read
     */
    List<Json.ChangeJson> of(History history) throws HttpProblem {
        List<Json.ChangeJson> remembered = known(history);
        if (remembered != null) {
            return remembered;
        }
        try (ConcurrencyLimiter.Permit _ = readers.acquire(wait)) {
            // Another caller may have read it during the wait.
            List<Json.ChangeJson> found = known(history);
            return found == null ? remember(history, reading.apply(history)) : found;
        } catch (ConcurrencyLimiter.BusyException e) {
            throw HttpProblem.busy(e);
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
