// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;
import io.pullpiri.statemanager.pullpiri.LogServiceAppender;
import java.nio.file.Path;
import org.slf4j.Logger;

/**
 * Configures Logback to log to standard error, unless the property {@value #FILE} names a configuration. It is code, because
 * reading XML takes a tenth of the start's time. The property {@value #LEVEL} gives the level; it is read when the first logger
 * is made.
 */
public final class Logging extends ContextAwareBase implements Configurator {

    /** The property with the level of StateManager's own log. */
    public static final String LEVEL = "statemanager.log.level";

    /** The property with the path of LogService's socket; without it, no line goes there. */
    public static final String SERVICE = "statemanager.log.service";

    private static final String FILE = "logback.configurationFile";

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        if (System.getProperty(FILE) != null) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
        PatternLayoutEncoder lines = new PatternLayoutEncoder();
        lines.setContext(context);
        lines.setPattern("%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0}: %msg%n%ex{short}");
        lines.start();
        ConsoleAppender<ILoggingEvent> stderr = new ConsoleAppender<>();
        stderr.setContext(context);
        stderr.setTarget("System.err");
        stderr.setEncoder(lines);
        stderr.start();
        context.getLogger("io.pullpiri").setLevel(Level.toLevel(System.getProperty(LEVEL), Level.INFO));
        context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.WARN);
        context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(stderr);
        String socket = System.getProperty(SERVICE);
        if (socket != null) {
            LogServiceAppender service = new LogServiceAppender(Path.of(socket));
            service.setContext(context);
            service.start();
            context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(service);
        }
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }
}
