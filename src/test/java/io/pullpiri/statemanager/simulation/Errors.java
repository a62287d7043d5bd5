// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** Collects the errors that the program logs while this thread simulates. An error is a defect; no simulated fault may cause one. */
final class Errors {

    private static final ThreadLocal<@Nullable Errors> CURRENT = new ThreadLocal<>();

    static {
        AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
            @Override
            protected void append(ILoggingEvent event) {
                Errors current = CURRENT.get();
                if (current != null && event.getLevel() == Level.ERROR) {
                    String trace = event.getThrowableProxy() == null
                            ? ""
                            : System.lineSeparator() + ThrowableProxyUtil.asString(event.getThrowableProxy());
                    current.messages.add("a defect: " + event.getFormattedMessage() + trace);
                }
            }
        };
        Logger logger = (Logger) LoggerFactory.getLogger("io.pullpiri.statemanager");
        appender.setContext(logger.getLoggerContext());
        appender.start();
        logger.addAppender(appender);
    }

    private final List<String> messages = new ArrayList<>();

    static Errors begin() {
        Errors errors = new Errors();
        CURRENT.set(errors);
        return errors;
    }

    @Nullable
    String first() {
        return messages.isEmpty() ? null : messages.getFirst();
    }

    void end() {
        CURRENT.remove();
    }
}
