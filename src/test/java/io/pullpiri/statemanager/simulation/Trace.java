// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Writes a line for everything that happens on a day, if there is a reader. */
final class Trace {

    private final VirtualTime time;
    private final @Nullable Consumer<String> reader;

    /** @param reader null for no trace: then no line is formatted, which would take a tenth of a day's time */
    Trace(VirtualTime time, @Nullable Consumer<String> reader) {
        this.time = time;
        this.reader = reader;
    }

    /** @param kind a short name */
    @FormatMethod
    void add(String kind, @FormatString String format, @Nullable Object... arguments) {
        if (reader != null) {
            String line = onOneLine(format.formatted(arguments));
            reader.accept("%,14.3f ms  %-6s  %s".formatted(time.ticks() / 1e6, kind, line));
        }
    }

    static String onOneLine(String text) {
        return text.replaceAll("\\s+", " ");
    }
}
