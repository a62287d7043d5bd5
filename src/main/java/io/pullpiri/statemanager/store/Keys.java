// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store;

import io.pullpiri.statemanager.state.Names;
import java.util.List;

/** Defines the keys that StateManager reads and writes, and which keys are valid. */
// [impl->req~sto-keys~1]
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
    public static final String RESTART_PREFIX = OWN_PREFIX + "restart/";
    public static final String NODE_PREFIX = OWN_PREFIX + "node/";
    public static final String OFFLOAD_PREFIX = OWN_PREFIX + "offload/";

    /** Marks of the artifacts that the mirror of Pullpiri's store brought; see docs/decisions/0021. */
    public static final String MIRROR_PREFIX = OWN_PREFIX + "mirror/";

    /**
     * The version of StateManager's own records, as a decimal number. A store without this key has version 1; see
     * docs/decisions/0015.
     */
    public static final String FORMAT = OWN_PREFIX + "format";

    /** The record of the server that writes to the store. */
    public static final String OWNER = OWN_PREFIX + "owner";

    /** Written to find out whether the store accepts writes. Its value has no meaning. */
    public static final String PROBE = OWN_PREFIX + "probe";

    /** The keys that the manager watches. StateManager and other components write them. */
    public static final List<String> WATCHED_PREFIXES = List.of(
            PACKAGE_STATE_PREFIX,
            MODEL_STATE_PREFIX,
            SCENARIO_STATE_PREFIX,
            PACKAGE_ARTIFACT_PREFIX,
            SCENARIO_ARTIFACT_PREFIX,
            MODEL_ARTIFACT_PREFIX);

    private static final int SEQUENCE_DIGITS = 19;
    private static final int MAX_KEY_BYTES = 1024;

    private Keys() {}

    /** Returns the key of a package's state. */
    public static String packageState(String name) {
        return PACKAGE_STATE_PREFIX + name + STATE_SUFFIX;
    }

    /** Returns the key of a model's state. */
    public static String modelState(String name) {
        return MODEL_STATE_PREFIX + name + STATE_SUFFIX;
    }

    /** Returns the key of a scenario's state. */
    public static String scenarioState(String name) {
        return SCENARIO_STATE_PREFIX + name + STATE_SUFFIX;
    }

    /**
     * Returns the key of an artifact.
     *
     * @param kind {@code Package}, {@code Scenario} or {@code Model}
     */
    public static String artifact(String kind, String name) {
        return kind + "/" + name;
    }

    /** Returns the key of a package's reconcile record. */
    public static String reconcile(String packageName) {
        return RECONCILE_PREFIX + packageName;
    }

    /** Returns the key of the record of a model's offload. */
    public static String offload(String model) {
        return OFFLOAD_PREFIX + model;
    }

    /** The key of the record of a model's restarts in place. */
    public static String restart(String model) {
        return RESTART_PREFIX + model;
    }

    /** Returns the key of a node record. */
    public static String node(String name) {
        return NODE_PREFIX + name;
    }

    /** Returns the key of a journal record. It is padded with zeros, so that keys sort by sequence number. */
    public static String journal(long sequence) {
        String digits = Long.toString(sequence);
        return JOURNAL_PREFIX + "0".repeat(SEQUENCE_DIGITS - digits.length()) + digits;
    }

    /**
     * Checks a key, and returns it.
     *
     * @throws IllegalArgumentException if the key is not 1 to 1,024 bytes of UTF-8, or contains one of {@code < > ? { }} or a
     *     control character
     */
    // [impl->req~sto-key-rules~1]
    public static String requireValid(String key) {
        String wrong = Names.textProblem(key, MAX_KEY_BYTES);
        if (wrong != null) {
            throw new IllegalArgumentException("key: " + wrong);
        }
        return key;
    }
}
