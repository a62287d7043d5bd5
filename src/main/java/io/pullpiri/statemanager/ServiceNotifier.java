// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import io.pullpiri.statemanager.net.UnixDatagrams;
import io.pullpiri.statemanager.state.LogText;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd, or another program that starts services, that the server listens, that its threads run, and that it stops:
 * sd_notify(3) without systemd's library. Does nothing if the environment names no socket. Safe for several threads.
 */
// [impl->req~wire-systemd~1]
public final class ServiceNotifier implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ServiceNotifier.class);

    private static final String SOCKET = "NOTIFY_SOCKET";
    private static final String WATCHDOG_INTERVAL = "WATCHDOG_USEC";
    private static final String WATCHDOG_PROCESS = "WATCHDOG_PID";

    private static final int MAX_BYTES = 4_096;

    /** So many characters have at most three times as many bytes. */
    private static final int MAX_STATUS = 500;

    private final @Nullable UnixDatagrams socket;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("watchdog").daemon().factory());

    private boolean closed;

    /** Only the watchdog's thread uses it. */
    private CompletableFuture<?> proof = CompletableFuture.completedFuture(null);

    private ServiceNotifier(@Nullable UnixDatagrams socket) {
        this.socket = socket;
    }

    /**
     * Reports that the server listens, and then, if a watchdog asks for it, that the server is alive.
     *
     * @param environment of this process
     * @param proof begins a proof that the server is alive, which completes the future; if it does not complete, the watchdog
     *     gets no message, and systemd restarts the server
     */
    public static ServiceNotifier start(Map<String, String> environment, Supplier<CompletableFuture<?>> proof) {
        ServiceNotifier notifier = new ServiceNotifier(open(environment.get(SOCKET)));
        notifier.send("READY=1");
        long micros = notifier.socket == null ? 0 : watchdogMicros(environment);
        if (micros > 0) {
            // systemd recommends half of the interval. A third leaves room for a pause.
            var _ = notifier.thread.scheduleAtFixedRate(
                    () -> notifier.check(proof), 0, Math.max(1, micros / 3), TimeUnit.MICROSECONDS);
        }
        return notifier;
    }

    private static @Nullable UnixDatagrams open(@Nullable String name) {
        if (name == null || name.isEmpty()) {
            return null;
        }
        try {
            return new UnixDatagrams(name, MAX_BYTES);
        } catch (IllegalArgumentException | UnsupportedOperationException e) {
            LOG.warn("{}: '{}' cannot be used: {}", SOCKET, name, e.getMessage());
            return null;
        }
    }

    /** Returns the interval of the watchdog; 0 if there is none, or if it is for another process. */
    static long watchdogMicros(Map<String, String> environment) {
        String process = environment.get(WATCHDOG_PROCESS);
        if (process != null
                && !process.equals(Long.toString(ProcessHandle.current().pid()))) {
            return 0;
        }
        String micros = environment.getOrDefault(WATCHDOG_INTERVAL, "0");
        try {
            return Long.parseLong(micros);
        } catch (NumberFormatException e) {
            LOG.warn("{}: '{}' (expected: microseconds)", WATCHDOG_INTERVAL, micros);
            return 0;
        }
    }

    /** Sends a sign of life if the last proof has completed, and begins the next one. */
    void check(Supplier<CompletableFuture<?>> next) {
        if (proof.isDone() && !proof.isCompletedExceptionally()) {
            send("WATCHDOG=1");
            proof = next.get();
        }
    }

    /** Reports a line for {@code systemctl status}. */
    public void status(String text) {
        send("STATUS=" + LogText.excerpt(text, MAX_STATUS));
    }

    /** Reports that the server has begun to stop. */
    public void stopping() {
        send("STOPPING=1");
    }

    private synchronized void send(String message) {
        if (socket != null && !closed && !socket.send(message.getBytes(StandardCharsets.UTF_8))) {
            LOG.debug("lost: {}", message);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
        synchronized (this) {
            if (socket != null && !closed) {
                socket.close();
            }
            closed = true;
        }
    }
}
