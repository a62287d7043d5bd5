// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.artifact.ModelArtifact;
import io.pullpiri.statemanager.artifact.PackageArtifact;
import io.pullpiri.statemanager.artifact.ScenarioArtifact;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.Keys;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The kinds of resources, each with its states, its keys in the store and its artifacts. */
@SuppressWarnings("ImmutableEnumChecker") // the lists are unmodifiable, and the parsers keep no state
public enum ResourceKind {
    SCENARIO(Keys.SCENARIO_STATE_PREFIX, ScenarioArtifact.KIND, ScenarioState.values(), ScenarioState::parse),
    PACKAGE(Keys.PACKAGE_STATE_PREFIX, PackageArtifact.KIND, PackageState.values(), PackageState::parse),
    MODEL(Keys.MODEL_STATE_PREFIX, ModelArtifact.KIND, ModelState.values(), ModelState::parse),
    /** A node has no state and no artifact. Its changes say only that it was forgotten or evicted. */
    NODE("", "", new NamedState[0], text -> null);

    /** The kinds that have states, in the order in which snapshots and lists give them. */
    public static final List<ResourceKind> WITH_STATES =
            Arrays.stream(values()).filter(kind -> !kind.states.isEmpty()).toList();

    private final String statePrefix;
    private final String artifactKind;
    private final String artifactPrefix;
    private final List<NamedState> states;
    private final Function<String, @Nullable NamedState> parser;

    ResourceKind(
            String statePrefix,
            String artifactKind,
            NamedState[] states,
            Function<String, @Nullable NamedState> parser) {
        this.statePrefix = statePrefix;
        this.artifactKind = artifactKind;
        this.artifactPrefix = Keys.artifact(artifactKind, "");
        this.states = List.of(states);
        this.parser = parser;
    }

    /** The name for messages: {@code package}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The states that resources of this kind can have, in the order of the specification; empty for nodes. */
    public List<NamedState> states() {
        return states;
    }

    /** Reads a state in any case, with or without the protobuf prefix; null for a text that is no state of this kind. */
    public @Nullable NamedState parseState(String text) {
        return parser.apply(text);
    }

    /** The {@code kind} of the artifacts that describe such resources: {@code Package}. */
    public String artifactKind() {
        return artifactKind;
    }

    String statePrefix() {
        return statePrefix;
    }

    String artifactPrefix() {
        return artifactPrefix;
    }
}
