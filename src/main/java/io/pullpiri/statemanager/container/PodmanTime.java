// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.container;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Reads podman's times, such as {@code StartedAt}. They are texts as in RFC 3339, with any offset. */
public final class PodmanTime {

    /** Podman writes year 1 for a time that has not come yet. Parsing such a text is not worth its time. */
    private static final String NEVER = "0001-";

    /** The last second whose nanoseconds since 1970 fit into a long, in the year 2262. */
    private static final long MAX_SECONDS = TimeUnit.NANOSECONDS.toSeconds(Long.MAX_VALUE) - 1;

    private PodmanTime() {}

    /**
     * Reads a time in nanoseconds since 1970.
     *
     * @return 0 if the time is unknown: no text, year 1, a time before 1970 or after 2261, or a text that is no time
     */
    public static long nanos(@Nullable String text) {
        if (text == null || text.isEmpty() || text.startsWith(NEVER)) {
            return 0;
        }
        try {
            Instant time = DateTimeFormatter.ISO_OFFSET_DATE_TIME.parse(text, Instant::from);
            long seconds = time.getEpochSecond();
            return seconds < 0 || seconds > MAX_SECONDS ? 0 : TimeUnit.SECONDS.toNanos(seconds) + time.getNano();
        } catch (DateTimeException e) {
            return 0;
        }
    }
}
