// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.pullpiri.proto.statemanager.ResourceState;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.view.ResourceKind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The kinds of resources, and the columns that tables show for each. */
public enum ResourceColumns {
    PACKAGE(ResourceKind.PACKAGE, ResourceType.RESOURCE_TYPE_PACKAGE),
    MODEL(ResourceKind.MODEL, ResourceType.RESOURCE_TYPE_MODEL),
    SCENARIO(ResourceKind.SCENARIO, ResourceType.RESOURCE_TYPE_SCENARIO),
    /** A node has no state. */
    NODE(ResourceKind.NODE, ResourceType.RESOURCE_TYPE_NODE);

    private static final String PER_STATE = "models.";
    private static final String CREATED = "created";
    private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");

    private final ResourceKind kind;
    private final ResourceType type;

    ResourceColumns(ResourceKind kind, ResourceType type) {
        this.kind = kind;
        this.type = type;
    }

    /** @throws CommandFailure if the type is unknown, as from a newer server */
    static ResourceColumns of(ResourceType type) {
        return Arrays.stream(values())
                .filter(kind -> kind.type == type)
                .findFirst()
                .orElseThrow(() -> new CommandFailure(
                        "the server sent the resource type " + type + ", which this version does not know"));
    }

    /**
     * Checks that a state, in any spelling, is one of this kind.
     *
     * @throws ParameterException if this kind does not have the state
     */
    void requireState(CommandSpec command, String option, String state) {
        requireStates(command);
        if (kind.parseState(state) == null) {
            throw new ParameterException(
                    command.commandLine(),
                    option + ": '" + state + "' is no state of a " + singular() + " (expected: "
                            + String.join(", ", states()) + ")");
        }
    }

    boolean hasStates() {
        return !kind.states().isEmpty();
    }

    /** @throws ParameterException if resources of this kind have no states */
    void requireStates(CommandSpec command) {
        if (!hasStates()) {
            throw new ParameterException(
                    command.commandLine(), "KIND: nodes have no states (expected: packages, models or scenarios)");
        }
    }

    /** Compares two states in any spelling. */
    boolean isSameState(String one, String other) {
        return title(one).equals(title(other));
    }

    /** Returns a state as {@code Running}, from any spelling. A text that is not a state stays as it is. */
    String title(String state) {
        NamedState parsed = kind.parseState(state);
        return parsed == null ? state : parsed.title();
    }

    /** Returns the states as a user types them. */
    List<String> states() {
        return kind.states().stream()
                .map(state -> state.title().toLowerCase(Locale.ROOT))
                .toList();
    }

    ResourceType type() {
        return type;
    }

    String singular() {
        return kind.label();
    }

    String plural() {
        return singular() + "s";
    }

    /** Returns an empty table with the columns of this kind. */
    public Table table() {
        return switch (this) {
            case PACKAGE -> new Table("NAME", "STATE", "SINCE", "MODELS", "CAUSE");
            case MODEL -> new Table("NAME", "STATE", "SINCE", "PACKAGES", "NODES", "CAUSE");
            case SCENARIO -> new Table("NAME", "STATE", "SINCE", "ACTION", "PACKAGE", "CAUSE");
            case NODE -> new Table("NAME", "LAST REPORT", "CONTAINERS", "UNMATCHED", "KNOWN", "WARNING");
        };
    }

    /** Returns the row of a resource, one cell for each column. */
    public CharSequence[] row(ResourceState state, Instant now) {
        Map<String, String> metadata = state.getMetadataMap();
        String since = state.getLastTransitionTimeNs() == 0
                ? "-"
                : age(Duration.between(instant(state.getLastTransitionTimeNs()), now));
        return switch (this) {
            case PACKAGE ->
                new CharSequence[] {
                    state.getResourceName(), shown(state), since, counts(metadata), cause(metadata),
                };
            case MODEL ->
                new CharSequence[] {
                    state.getResourceName(),
                    shown(state),
                    since,
                    names(metadata.get("packages")),
                    names(metadata.get("nodes")),
                    cause(metadata),
                };
            case SCENARIO ->
                new CharSequence[] {
                    state.getResourceName(),
                    shown(state),
                    since,
                    orDash(metadata.get("action")),
                    orDash(metadata.get("target")),
                    cause(metadata),
                };
            case NODE ->
                new CharSequence[] {
                    state.getResourceName(),
                    since,
                    orDash(metadata.get("containers")),
                    orDash(metadata.get("unmatched")),
                    "true".equals(metadata.get("known")) ? "yes" : "no",
                    orDash(metadata.get("warning")),
                };
        };
    }

    private static CharSequence shown(ResourceState state) {
        return state.getCurrentState().isEmpty() ? "-" : Styles.state(state.getCurrentState());
    }

    /** Returns how many models are in each state: {@code 1 dead, 2 running, 1 unknown, 2 not reported}. */
    private static String counts(Map<String, String> metadata) {
        Map<String, String> counts = new TreeMap<>();
        metadata.forEach((key, value) -> {
            if (key.startsWith(PER_STATE)) {
                counts.put(key.substring(PER_STATE.length()), value);
            }
        });
        // A model without a state counts as created.
        long created = number(counts.get(CREATED));
        long unknown = number(metadata.get("unknown"));
        long silent = number(metadata.get("models")) - number(metadata.get("reported"));
        if (silent < 0 || silent + unknown > created) {
            silent = 0;
            unknown = 0;
        }
        counts.replace(CREATED, Long.toString(created - silent - unknown));
        counts.remove(CREATED, "0");
        List<String> shown = new ArrayList<>();
        counts.forEach((state, count) -> shown.add(count + " " + state));
        if (unknown > 0) {
            shown.add(unknown + " unknown");
        }
        if (silent > 0) {
            shown.add(silent + " not reported");
        }
        return orDash(String.join(", ", shown));
    }

    /** Reads a number of up to nine digits. Any other text, as from a server of another version, counts as 0. */
    private static long number(@Nullable String text) {
        return text != null && NUMBER.matcher(text).matches() ? Long.parseLong(text) : 0;
    }

    private static String cause(Map<String, String> metadata) {
        String cause = metadata.getOrDefault("cause", "");
        if (metadata.containsKey("reconcile")) {
            cause += " [reconcile: " + metadata.get("reconcile") + "]";
        }
        if (metadata.containsKey("artifact.broken")) {
            cause += " [artifact broken: " + metadata.get("artifact.broken") + "]";
        }
        return orDash(cause.strip());
    }

    private static String orDash(@Nullable String text) {
        return text == null || text.isEmpty() ? "-" : text;
    }

    private static String names(@Nullable String text) {
        return orDash(String.join(", ", list(text)));
    }

    /** Splits a list of names. The separator is {@code /}, which no name contains. */
    static List<String> list(@Nullable String text) {
        return text == null || text.isEmpty() ? List.of() : List.of(text.split("/"));
    }

    static Instant instant(long nanos) {
        return Instant.ofEpochSecond(0, nanos);
    }

    /** Formats an age with its two largest units, as kubectl does: {@code 2m5s}. */
    static String age(Duration age) {
        long seconds = Math.max(0, age.toSeconds());
        if (seconds < 60) {
            return seconds + "s";
        }
        if (seconds < 3600) {
            return seconds / 60 + "m" + seconds % 60 + "s";
        }
        if (seconds < 86_400) {
            return seconds / 3600 + "h" + seconds / 60 % 60 + "m";
        }
        return seconds / 86_400 + "d" + seconds / 3600 % 24 + "h";
    }
}
