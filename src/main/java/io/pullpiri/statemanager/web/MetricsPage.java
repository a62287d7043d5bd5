// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The answer to {@code GET /metrics}. Callers that wait at the same time share one page. A page is never older than the request.
 * Pages take at most about a fifth of one processor, for any number of callers. May be used from any thread.
 */
final class MetricsPage {

    private static final PrometheusTextFormatWriter EXPOSITION = PrometheusTextFormatWriter.create();

    /** The pause before the next page, as a multiple of the time that the last page took. */
    private static final int PAUSE = 4;

    /** The longest pause. */
    private static final long MAX_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Supplier<MetricSnapshots> metrics;

    // Guarded by this.
    private byte[] page = {};
    private long began = System.nanoTime();
    private long ended = began;

    MetricsPage(Supplier<MetricSnapshots> metrics) {
        this.metrics = metrics;
    }

    /**
     * Waits for a page that was made after the request.
     *
     * @param asked the time of the request, by {@link System#nanoTime}
     */
    synchronized Reply get(long asked) throws IOException {
        if (began - asked < 0) {
            make();
        }
        return new Reply(200, EXPOSITION.getContentType(), new Reply.Body.Bytes(page), Map.of());
    }

    private void make() throws IOException {
        long pause = Math.min((ended - began) * PAUSE, MAX_PAUSE_NANOS);
        try {
            TimeUnit.NANOSECONDS.sleep(ended + pause - System.nanoTime());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("the server stops", e);
        }
        began = System.nanoTime();
        ByteArrayOutputStream text = new ByteArrayOutputStream(Math.max(page.length, 1 << 14));
        EXPOSITION.write(text, metrics.get());
        page = text.toByteArray();
        ended = System.nanoTime();
    }
}
