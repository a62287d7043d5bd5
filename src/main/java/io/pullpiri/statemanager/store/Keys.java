package io.pullpiri.statemanager.store;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The keys that StateManager reads and writes, and what a key or a name may look like (spec, "In etcd"). */
public final class Keys {

    public static final String PACKAGE_STATE_PREFIX = "/package/";
    public static final String MODEL_STATE_PREFIX = "/model/";
    public static final String SCENARIO_STATE_PREFIX = "/scenario/";
    public static final String STATE_SUFFIX = "/state";

    public static final String PACKAGE_ARTIFACT_PREFIX = "Package/";
    public static final String SCENARIO_ARTIFACT_PREFIX = "Scenario/";
    public static final String MODEL_ARTIFACT_PREFIX = "Model/";

    /** StateManager's own records. */
    public static final String OWN_PREFIX = "/statemanager/";

    public static final String RECONCILE_PREFIX = OWN_PREFIX + "reconcile/";
    public static final String JOURNAL_PREFIX = OWN_PREFIX + "journal/";
    public static final String NODE_PREFIX = OWN_PREFIX + "node/";

    /** What the manager mirrors: written by us and by others. */
    public static final List<String> WATCHED_PREFIXES = List.of(
            PACKAGE_STATE_PREFIX,
            MODEL_STATE_PREFIX,
            SCENARIO_STATE_PREFIX,
            PACKAGE_ARTIFACT_PREFIX,
            SCENARIO_ARTIFACT_PREFIX,
            MODEL_ARTIFACT_PREFIX);

    private static final int MAX_KEY_BYTES = 1024;
    private static final int MAX_NAME_BYTES = 253;

    private Keys() {}

    public static String packageState(String name) {
        return PACKAGE_STATE_PREFIX + name + STATE_SUFFIX;
    }

    public static String modelState(String name) {
        return MODEL_STATE_PREFIX + name + STATE_SUFFIX;
    }

    public static String scenarioState(String name) {
        return SCENARIO_STATE_PREFIX + name + STATE_SUFFIX;
    }

    public static String packageArtifact(String name) {
        return PACKAGE_ARTIFACT_PREFIX + name;
    }

    public static String scenarioArtifact(String name) {
        return SCENARIO_ARTIFACT_PREFIX + name;
    }

    public static String modelArtifact(String name) {
        return MODEL_ARTIFACT_PREFIX + name;
    }

    public static String reconcile(String packageName) {
        return RECONCILE_PREFIX + packageName;
    }

    public static String node(String name) {
        return NODE_PREFIX + name;
    }

    /** Zero-padded, so that the order of keys is the order of sequence numbers. */
    public static String journal(long sequence) {
        return JOURNAL_PREFIX + String.format(Locale.ROOT, "%019d", sequence);
    }

    /**
     * @throws IllegalArgumentException if the key is not 1 to 1,024 bytes of UTF-8, or has one of {@code < > ? { }} or a
     *     control character
     */
    public static String requireValid(String key) {
        String wrong = problem(key, MAX_KEY_BYTES);
        if (wrong != null) {
            throw new IllegalArgumentException("key: " + wrong);
        }
        return key;
    }

    /**
     * What is wrong with the name of a package, model, scenario, node or container, in words for whoever sent it; null if
     * nothing is: 1 to 253 bytes, no {@code /}, none of {@code < > ? { }}, no control characters.
     */
    public static @Nullable String nameProblem(String name) {
        String wrong = problem(name, MAX_NAME_BYTES);
        return wrong == null && name.indexOf('/') >= 0 ? "has '/' (expected: a name without '/')" : wrong;
    }

    private static @Nullable String problem(String text, int maxBytes) {
        if (text.isBlank()) {
            return "is empty (expected: 1.." + maxBytes + " bytes)";
        }
        // A char is at least one byte: a giant is refused before it is encoded.
        int bytes = text.length() > maxBytes ? text.length() : text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > maxBytes) {
            return "has " + bytes + " bytes or more (expected: 1.." + maxBytes + ")";
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isISOControl(c)) {
                return "has the control character U+%04X (expected: none)".formatted((int) c);
            }
            if ("<>?{}".indexOf(c) >= 0) {
                return "has '" + c + "' (expected: none of < > ? { })";
            }
            boolean lowHere = Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
            boolean highAlone = Character.isHighSurrogate(c)
                    && (i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1)));
            if (lowHere || highAlone) {
                return "is not valid Unicode (expected: UTF-8)";
            }
        }
        return null;
    }
}
