// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pullpiri.statemanager.state.LogText;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.RepresentToNode;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.representer.StandardRepresenter;
import picocli.CommandLine.Help.Ansi;

/** Formats output for terminals, as JSON and as YAML. */
public final class Output {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern UNPRINTABLE = Pattern.compile("[\\x7F-\\x9F\\p{Cf}\\p{Zl}\\p{Zp}[\\p{Zs}&&[^ ]]]");

    private Output() {}

    /** Returns a line with colors if the terminal has them and {@code NO_COLOR} is not set. */
    static String shown(AttributedString line) {
        AttributedString plain = printable(line);
        return Ansi.AUTO.enabled() ? plain.toAnsi() : plain.toString();
    }

    /** Replaces control characters, which a name or a cause may contain. Only the styles control the terminal. */
    public static AttributedString printable(AttributedString line) {
        if (LogText.isPrintable(line)) {
            return line;
        }
        AttributedStringBuilder plain = new AttributedStringBuilder(line.length());
        for (int i = 0; i < line.length(); ) {
            String character = Character.toString(Character.codePointAt(line, i));
            plain.append(LogText.printable(character), line.styleAt(i));
            i += character.length();
        }
        return plain.toAttributedString();
    }

    /** Returns JSON with indentation and a final line break. */
    static String json(Object value) {
        try {
            return escaped(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(value)) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns JSON without line breaks. */
    static String jsonLine(Object value) {
        try {
            return escaped(JSON.writeValueAsString(value));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Escapes what JSON itself does not: further control characters and marks of direction, which a terminal obeys. */
    private static String escaped(String json) {
        return UNPRINTABLE
                .matcher(json)
                .replaceAll(found ->
                        found.group().chars().mapToObj("\\\\u%04x"::formatted).collect(Collectors.joining()));
    }

    /** Returns YAML. Invisible characters are escaped, so that a parser reads the original text. */
    static String yaml(Object value) {
        DumpSettings settings =
                DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build();
        String yaml = new Dump(settings, new QuotingRepresenter(settings)).dumpToString(value);
        return UNPRINTABLE
                .matcher(yaml)
                .replaceAll(found -> "\\\\U%08x".formatted(found.group().codePointAt(0)));
    }

    /** Quotes each text that has an unprintable character, because YAML has escapes only in double quotes. */
    private static final class QuotingRepresenter extends StandardRepresenter {

        QuotingRepresenter(DumpSettings settings) {
            super(settings);
            RepresentToNode usual = Objects.requireNonNull(representers.get(String.class));
            representers.put(
                    String.class,
                    text -> LogText.isPrintable((String) text)
                            ? usual.representData(text)
                            : representScalar(Tag.STR, (String) text, ScalarStyle.DOUBLE_QUOTED));
        }
    }
}
