// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import io.pullpiri.proto.logd.LogEnvelope;
import io.pullpiri.statemanager.testing.UnixReceiver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lines as Pullpiri's LogService gets them: datagrams on a real Unix socket. */
class LogServiceAppenderTest {

    private final Logger logger = new LoggerContext().getLogger("io.pullpiri.statemanager.manager.StoreHealth");

    @TempDir
    private Path folder;

    private LoggingEvent event(Level level, String message, @Nullable Throwable thrown) {
        return new LoggingEvent("", logger, level, message, thrown, null);
    }

    private LogServiceAppender appender(Path socket) {
        LogServiceAppender appender = new LogServiceAppender(socket);
        appender.start();
        return appender;
    }

    // [utest->req~wire-log~1]
    @Test
    void line_arrivesWithItsLevelTagAndTime() throws Exception {
        Path socket = folder.resolve("logd.sock");
        try (UnixReceiver receiver = new UnixReceiver(socket.toString())) {
            LogServiceAppender appender = appender(socket);
            LoggingEvent event = event(Level.WARN, "etcd cannot be reached", new IOException("가"));
            appender.doAppend(event);
            LogEnvelope line = LogEnvelope.parseFrom(receiver.receive());
            assertThat(line.getTag()).isEqualTo("statemanager");
            assertThat(line.getLevel()).isEqualTo(io.pullpiri.proto.logd.Level.LEVEL_WARN);
            assertThat(line.getMessage()).isEqualTo("StoreHealth: etcd cannot be reached: java.io.IOException: 가");
            assertThat(line.getTsRealNs() / 1_000_000).isEqualTo(event.getTimeStamp());
            appender.stop();
        }
    }

    // [utest->req~wire-log~1]
    @Test
    void longLine_isCutToWhatTheServiceReads() throws Exception {
        Path socket = folder.resolve("logd.sock");
        try (UnixReceiver receiver = new UnixReceiver(socket.toString())) {
            LogServiceAppender appender = appender(socket);
            appender.doAppend(event(Level.INFO, "값".repeat(100_000), null));
            byte[] datagram = receiver.receive();
            assertThat(datagram.length).isLessThan(LogServiceAppender.MAX_BYTES);
            assertThat(LogEnvelope.parseFrom(datagram).getMessage()).startsWith("StoreHealth: 값값");
            appender.stop();
        }
    }

    // [utest->req~wire-log~1]
    @Test
    void missingOrStalledService_delaysNothing() throws Exception {
        Path socket = folder.resolve("logd.sock");
        LogServiceAppender absent = appender(socket);
        absent.doAppend(event(Level.INFO, "lost", null));
        absent.stop();
        try (UnixReceiver receiver = new UnixReceiver(socket.toString())) {
            LogServiceAppender appender = appender(socket);
            for (int i = 0; i < 10_000; i++) { // far more than a socket holds
                appender.doAppend(event(Level.INFO, "line " + i, null));
            }
            List<String> lines = new ArrayList<>();
            for (byte[] line = receiver.receive(); line.length > 0; line = receiver.receive()) {
                lines.add(LogEnvelope.parseFrom(line).getMessage());
            }
            assertThat(lines).hasSizeLessThan(10_000).startsWith("StoreHealth: line 0", "StoreHealth: line 1");
            appender.doAppend(event(Level.INFO, "afterwards", null));
            assertThat(LogEnvelope.parseFrom(receiver.receive()).getMessage()).isEqualTo("StoreHealth: afterwards");
            appender.stop();
        }
    }
}
