package io.pullpiri.statemanager.simulation;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What happens on a day, a line each, for whoever wants to know. */
final class Trace {

    private final VirtualTime time;
    private final @Nullable Consumer<String> reader;

    /** @param reader null if nobody wants to know: then nothing is put into words, which takes a tenth of a day's time */
    Trace(VirtualTime time, @Nullable Consumer<String> reader) {
        this.time = time;
        this.reader = reader;
    }

    /** @param kind one short word */
    @FormatMethod
    void tell(String kind, @FormatString String format, @Nullable Object... arguments) {
        if (reader != null) {
            String line = onOneLine(format.formatted(arguments));
            reader.accept("%,14.3f ms  %-6s  %s".formatted(time.ticks() / 1e6, kind, line));
        }
    }

    static String onOneLine(String text) {
        return text.replaceAll("\\s+", " ");
    }
}
