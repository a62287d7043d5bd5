// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.net;

import java.io.IOException;
import java.net.BindException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens a port to listen on. Pullpiri's ports lie in the range from which Linux takes the ports of outgoing connections. So
 * a connection may hold one for a while: then the port is tried again. A port that another process listens on is an error at
 * once.
 */
public final class PortBinding {

    private static final Logger LOG = LoggerFactory.getLogger(PortBinding.class);

    private static final Duration MAX_WAIT = Duration.ofSeconds(10);
    private static final long PAUSE_MILLIS = 200;

    private PortBinding() {}

    /** Binds and listens. */
    public interface Opening<T> {

        /**
         * Opens the port.
         *
         * @throws IOException if it cannot be opened; a {@link BindException}, itself or as the cause, if it is in use
         */
        T open() throws IOException;
    }

    /**
     * Opens a port, within 10 seconds.
     *
     * @param host what is listened on, for the message
     * @param setting the name of the port's setting, for the message
     * @throws IOException if it cannot be opened; the message names the process or the socket that holds the port
     */
    public static <T> T open(String host, int port, String setting, Opening<T> opening) throws IOException {
        long deadline = System.nanoTime() + MAX_WAIT.toNanos();
        boolean logged = false;
        while (true) {
            try {
                return opening.open();
            } catch (IOException e) {
                List<PortHolders.PortHolder> holders =
                        isInUse(e) ? PortHolders.find(Path.of("/proc"), port) : List.of();
                boolean mayEnd = isInUse(e) && holders.stream().noneMatch(PortHolders.PortHolder::isListening);
                String problem = "cannot listen on %s:%d (setting %s): %s%s"
                        .formatted(host, port, setting, reason(e), PortHolders.describe(holders));
                if (!mayEnd || System.nanoTime() >= deadline) {
                    throw new IOException(problem, e);
                }
                if (!logged) {
                    LOG.warn("{}; trying again for {} s", problem, MAX_WAIT.toSeconds());
                    logged = true;
                }
                pause();
            }
        }
    }

    private static boolean isInUse(IOException e) {
        return e instanceof BindException || e.getCause() instanceof BindException;
    }

    private static String reason(IOException e) {
        Throwable reason = e.getCause() == null ? e : e.getCause();
        return String.valueOf(reason.getMessage());
    }

    private static void pause() throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while a port was being opened", e);
        }
    }
}
