// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.StoreKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Applies what the mirror found in Pullpiri's store. An artifact that the mirror brings gets a mark in our store, in the same
 * transaction. Only marked artifacts can be deleted by the mirror.
 */
final class MirrorHandler {

    /** The source of changes that follow from Pullpiri's store. */
    private static final String BY_PULLPIRI = "pullpiri";

    private final ViewBuilder builder;
    private final StatePropagation propagation;
    private final ArtifactHandler artifacts;

    MirrorHandler(ViewBuilder builder, StatePropagation propagation, ArtifactHandler artifacts) {
        this.builder = builder;
        this.propagation = propagation;
        this.artifacts = artifacts;
    }

    // [impl->req~mir-artifacts~1]
    CommandResult apply(Command.MirrorArtifacts command) {
        Map<String, ScenarioState> states = command.firstStates();
        long more = artifacts.newBytes(command.artifacts())
                + (states == null ? 0 : states.size() * ResourceEntry.NEW_BYTES);
        if (!builder.hasRoomFor(more)) {
            return builder.refuseForMemory();
        }
        if (states != null && !builder.mirrorMarks().has(StoreKey.MirrorMark.FIRST_STATES)) {
            takeOver(states);
        }
        List<CommandResult.ArtifactOutcome> outcomes = new ArrayList<>();
        for (Artifact artifact : command.artifacts()) {
            CommandResult.ArtifactOutcome outcome = artifacts.apply(artifact, BY_PULLPIRI);
            outcomes.add(outcome);
            switch (outcome.outcome()) {
                case CREATED, CHANGED -> builder.setMark(artifact.kind() + "/" + artifact.name(), true);
                case UNCHANGED, DELETED, NOT_FOUND, PASSED_OVER -> {}
            }
        }
        for (StoreKey.ArtifactKey key : command.deleted()) {
            // The operator may have replaced the artifact in the meantime, which removes the mark.
            if (builder.mirrorMarks().has(key.text())) {
                outcomes.add(artifacts.delete(key.kind(), key.name(), BY_PULLPIRI));
            }
        }
        return new CommandResult.ArtifactsDone(outcomes, List.of());
    }

    /** Gives scenarios without a state the state that they have in Pullpiri's store. */
    // [impl->req~mir-first-states~2]
    private void takeOver(Map<String, ScenarioState> states) {
        states.forEach((name, state) -> {
            if (builder.scenario(name).state().value() == null) {
                propagation.setScenario(
                        name, state, "taken over from Pullpiri's store at the first start", BY_PULLPIRI);
            }
        });
        builder.setMark(StoreKey.MirrorMark.FIRST_STATES, true);
    }
}
