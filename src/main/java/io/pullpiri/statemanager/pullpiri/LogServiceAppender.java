// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import io.pullpiri.proto.logd.LogEnvelope;
import io.pullpiri.statemanager.net.UnixDatagrams;
import io.pullpiri.statemanager.state.LogText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends the log's lines to Pullpiri's LogService, while its socket exists. Never waits: a line that the service cannot take
 * at once is lost there, and stands on standard error nevertheless.
 */
// [impl->req~wire-log~1]
public final class LogServiceAppender extends AppenderBase<ILoggingEvent> {

    /** The service reads 8,192 bytes of a datagram and drops a longer one. */
    static final int MAX_BYTES = 8_192;

    private static final String TAG = "statemanager";

    /** So many characters have at most three times as many bytes, which leaves room for the other fields. */
    private static final int MAX_CHARACTERS = 2_600;

    private static final long CHECK_INTERVAL = TimeUnit.SECONDS.toNanos(1);

    private final Path receiver;
    private @Nullable UnixDatagrams datagrams;
    private boolean present;
    private long nextCheck;

    /** @param receiver the service's socket; it may come and go */
    public LogServiceAppender(Path receiver) {
        this.receiver = receiver;
        this.nextCheck = System.nanoTime();
    }

    @Override
    protected void append(ILoggingEvent event) {
        if (isPresent()) {
            if (datagrams == null) {
                datagrams = new UnixDatagrams(receiver.toString(), MAX_BYTES);
            }
            datagrams.send(envelope(event).toByteArray());
        }
    }

    private boolean isPresent() {
        long now = System.nanoTime();
        if (now - nextCheck >= 0) {
            nextCheck = now + CHECK_INTERVAL;
            present = Files.exists(receiver);
        }
        return present;
    }

    private static LogEnvelope envelope(ILoggingEvent event) {
        Instant time = event.getInstant();
        String name = event.getLoggerName();
        return LogEnvelope.newBuilder()
                .setTsRealNs(TimeUnit.SECONDS.toNanos(time.getEpochSecond()) + time.getNano())
                .setTag(TAG)
                .setLevel(level(event.getLevel()))
                .setMessage(LogText.excerpt(
                        name.substring(name.lastIndexOf('.') + 1) + ": " + event.getFormattedMessage()
                                + failure(event.getThrowableProxy()),
                        MAX_CHARACTERS))
                .build();
    }

    private static String failure(@Nullable IThrowableProxy thrown) {
        return thrown == null ? "" : ": " + thrown.getClassName() + ": " + thrown.getMessage();
    }

    private static io.pullpiri.proto.logd.Level level(Level level) {
        return switch (level.toInt()) {
            case Level.ERROR_INT -> io.pullpiri.proto.logd.Level.LEVEL_ERROR;
            case Level.WARN_INT -> io.pullpiri.proto.logd.Level.LEVEL_WARN;
            case Level.INFO_INT -> io.pullpiri.proto.logd.Level.LEVEL_INFO;
            case Level.DEBUG_INT -> io.pullpiri.proto.logd.Level.LEVEL_DEBUG;
            default -> io.pullpiri.proto.logd.Level.LEVEL_VERBOSE;
        };
    }

    @Override
    public void stop() {
        super.stop();
        if (datagrams != null) {
            datagrams.close();
            datagrams = null;
        }
    }
}
