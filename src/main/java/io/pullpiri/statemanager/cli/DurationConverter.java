// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a time such as {@code 30s}, {@code 2m} or {@code 500ms}, up to 24 hours. */
public final class DurationConverter implements ITypeConverter<Duration> {

    @Override
    public Duration convert(String text) {
        try {
            // ISO-8601 without its prefix PT, and milliseconds, which ISO-8601 does not have.
            String iso = text.endsWith("ms")
                    ? "PT" + Double.parseDouble(text.substring(0, text.length() - 2)) / 1000 + "S"
                    : "PT" + text.toUpperCase(Locale.ROOT);
            Duration duration = Duration.parse(iso);
            if (duration.isPositive() && duration.compareTo(Duration.ofHours(24)) <= 0) {
                return duration;
            }
        } catch (DateTimeParseException | NumberFormatException e) {
            // The exception below says what is expected.
        }
        throw new TypeConversionException("'" + text + "' (expected: a time such as 30s or 2m, at most 24h)");
    }
}
