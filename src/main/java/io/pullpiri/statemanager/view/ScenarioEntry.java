package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.artifact.ScenarioArtifact;
import io.pullpiri.statemanager.state.ScenarioState;
import java.util.Optional;

/** What is known of one scenario. */
public record ScenarioEntry(
        String name, TrackedArtifact<ScenarioArtifact> artifact, TrackedState<ScenarioState> state) {

    public static ScenarioEntry empty(String name) {
        return new ScenarioEntry(name, TrackedArtifact.empty(), TrackedState.empty());
    }

    public ScenarioEntry with(TrackedArtifact<ScenarioArtifact> newArtifact) {
        return new ScenarioEntry(name, newArtifact, state);
    }

    public ScenarioEntry with(TrackedState<ScenarioState> newState) {
        return new ScenarioEntry(name, artifact, newState);
    }

    /** The package it targets, if its artifact is good. */
    public Optional<String> target() {
        return Optional.ofNullable(artifact.good()).map(ScenarioArtifact::target);
    }

    /** What is to happen to the package, if its artifact says so. */
    public Optional<String> action() {
        return Optional.ofNullable(artifact.good())
                .map(ScenarioArtifact::action)
                .filter(word -> !word.isEmpty());
    }

    /** About how much memory it takes. */
    public long bytes() {
        return 400 + 2 * Versioned.bytes(artifact.text()) + state.history().bytes();
    }

    /** Whether nothing is left to remember. */
    public boolean isVoid() {
        return !artifact.exists() && !artifact.text().exists() && state.isVoid();
    }
}
