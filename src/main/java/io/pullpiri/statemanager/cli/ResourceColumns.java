package io.pullpiri.statemanager.cli;

import io.pullpiri.proto.statemanager.ResourceState;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.view.ResourceKind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** The kinds of resources, and what of each is shown. */
public enum ResourceColumns {
    PACKAGE(ResourceKind.PACKAGE, ResourceType.RESOURCE_TYPE_PACKAGE),
    MODEL(ResourceKind.MODEL, ResourceType.RESOURCE_TYPE_MODEL),
    SCENARIO(ResourceKind.SCENARIO, ResourceType.RESOURCE_TYPE_SCENARIO),
    /** Has no state. */
    NODE(ResourceKind.NODE, ResourceType.RESOURCE_TYPE_NODE);

    /** Takes {@code packages}, {@code package}. */
    static final class Converter implements ITypeConverter<ResourceColumns> {

        @Override
        public ResourceColumns convert(String text) {
            return Arrays.stream(values())
                    .filter(kind -> text.equals(kind.plural()) || text.equals(kind.singular()))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException(
                            "'" + text + "' (expected: packages, models, scenarios or nodes)"));
        }
    }

    /** To complete what may be several. */
    static final class Plurals implements Iterable<String> {

        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(values()).map(ResourceColumns::plural).iterator();
        }
    }

    /** To complete what is one. */
    static final class Singulars implements Iterable<String> {

        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(values()).map(ResourceColumns::singular).iterator();
        }
    }

    /** To complete what is one and has a state. */
    static final class WithStates implements Iterable<String> {

        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(values())
                    .filter(kind -> kind != NODE)
                    .map(ResourceColumns::singular)
                    .iterator();
        }
    }

    /** To complete a state: of any kind, since completion does not look at the words before. */
    static final class States implements Iterable<String> {

        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(values())
                    .flatMap(kind -> kind.states().stream())
                    .distinct()
                    .iterator();
        }
    }

    private static final String PER_STATE = "models.";
    private static final String CREATED = "created";
    private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");

    private final ResourceKind kind;
    private final ResourceType type;

    ResourceColumns(ResourceKind kind, ResourceType type) {
        this.kind = kind;
        this.type = type;
    }

    static ResourceColumns of(ResourceType type) {
        return Arrays.stream(values())
                .filter(kind -> kind.type == type)
                .findFirst()
                .orElseThrow(() -> new CommandFailure("the server speaks of a " + type));
    }

    /**
     * Takes a state in whatever spelling.
     *
     * @throws ParameterException if this kind does not have it
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

    /** @throws ParameterException if resources of this kind have no states */
    void requireStates(CommandSpec command) {
        if (this == NODE) {
            throw new ParameterException(
                    command.commandLine(), "KIND: nodes have no states (expected: packages, models or scenarios)");
        }
    }

    /** In whatever spelling. */
    boolean isSameState(String one, String other) {
        return title(one).equals(title(other));
    }

    /** {@code Running}, in whatever spelling it came; what is no state stays as it is. */
    String title(String state) {
        NamedState parsed = kind.parseState(state);
        return parsed == null ? state : parsed.title();
    }

    /** The states as a user types them. */
    private List<String> states() {
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

    public Table table() {
        return switch (this) {
            case PACKAGE -> new Table("NAME", "STATE", "SINCE", "MODELS", "CAUSE");
            case MODEL -> new Table("NAME", "STATE", "SINCE", "PACKAGES", "NODES", "CAUSE");
            case SCENARIO -> new Table("NAME", "STATE", "SINCE", "ACTION", "PACKAGE", "CAUSE");
            case NODE -> new Table("NAME", "LAST REPORT", "CONTAINERS", "UNMATCHED", "KNOWN", "WARNING");
        };
    }

    /** For people: one cell for each title. */
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

    /** Of six: {@code 1 dead, 2 running, 1 unknown, 2 not reported}. */
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

    /** Of what a server of another version says, too. */
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

    /** Names, with what no name has between them. */
    static List<String> list(@Nullable String text) {
        return text == null || text.isEmpty() ? List.of() : List.of(text.split("/"));
    }

    static Instant instant(long nanos) {
        return Instant.ofEpochSecond(0, nanos);
    }

    /** As kubectl writes it: the two largest units. */
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
