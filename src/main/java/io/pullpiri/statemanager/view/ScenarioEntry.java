// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.artifact.ScenarioArtifact;
import io.pullpiri.statemanager.state.ScenarioState;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the view holds of one scenario. */
public record ScenarioEntry(String name, TrackedArtifact<ScenarioArtifact> artifact, TrackedState<ScenarioState> state)
        implements ResourceEntry<ScenarioState> {

    /** The entry of an unknown scenario. */
    public static ScenarioEntry empty(String name) {
        return new ScenarioEntry(name, TrackedArtifact.empty(), TrackedState.empty());
    }

    /** The entry with another artifact. */
    public ScenarioEntry with(TrackedArtifact<ScenarioArtifact> newArtifact) {
        return new ScenarioEntry(name, newArtifact, state);
    }

    @Override
    public ResourceKind kind() {
        return ResourceKind.SCENARIO;
    }

    @Override
    public Versioned<String> artifactText() {
        return artifact.text();
    }

    @Override
    public ScenarioEntry withArtifactText(Versioned<String> newText) {
        return with(artifact.with(newText));
    }

    @Override
    public @Nullable ScenarioState parseState(String text) {
        return ScenarioState.parse(text);
    }

    @Override
    public boolean anchored() {
        return artifact.exists();
    }

    @Override
    public ScenarioEntry with(TrackedState<ScenarioState> newState) {
        return new ScenarioEntry(name, artifact, newState);
    }

    /** The package that it targets, according to the artifact in force. */
    public Optional<String> target() {
        return Optional.ofNullable(artifact.good()).map(ScenarioArtifact::target);
    }

    /** The action on the package, according to the artifact in force. */
    public Optional<String> action() {
        return Optional.ofNullable(artifact.good())
                .map(ScenarioArtifact::action)
                .filter(word -> !word.isEmpty());
    }

    @Override
    public long bytes() {
        return 400 + 2 * Versioned.bytes(artifact.text()) + state.history().bytes();
    }

    @Override
    public boolean isVoid() {
        return !artifact.exists() && !artifact.text().exists() && state.isVoid();
    }
}
