// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.artifact.PackageArtifact;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageRules;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.StateCounts;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the view holds of one package.
 *
 * @param models how many of its models are in each state; a model without a state counts as created
 * @param modelsWithState how many of its models have a state
 * @param reconcile its reconcile record; absent if the package is not dead
 * @param repairFrom the earliest time of the next repair of its state key, in {@link Timestamp#monotonicNanos}
 */
public record PackageEntry(
        String name,
        TrackedArtifact<PackageArtifact> artifact,
        TrackedState<PackageState> state,
        StateCounts<ModelState> models,
        int modelsWithState,
        Versioned<ReconcileRecord> reconcile,
        long repairFrom)
        implements ResourceEntry<PackageState> {

    /** The entry of an unknown package. */
    public static PackageEntry empty(String name) {
        return new PackageEntry(
                name,
                TrackedArtifact.empty(),
                TrackedState.empty(),
                StateCounts.none(ModelState.class),
                0,
                Versioned.absent(),
                Long.MIN_VALUE);
    }

    /** The entry with another artifact. */
    public PackageEntry with(TrackedArtifact<PackageArtifact> newArtifact) {
        return new PackageEntry(name, newArtifact, state, models, modelsWithState, reconcile, repairFrom);
    }

    @Override
    public ResourceKind kind() {
        return ResourceKind.PACKAGE;
    }

    @Override
    public Versioned<String> artifactText() {
        return artifact.text();
    }

    @Override
    public PackageEntry withArtifactText(Versioned<String> newText) {
        return with(artifact.with(newText));
    }

    @Override
    public @Nullable PackageState parseState(String text) {
        return PackageState.parse(text);
    }

    @Override
    public boolean anchored() {
        return artifact.exists();
    }

    @Override
    public PackageEntry with(TrackedState<PackageState> newState) {
        return new PackageEntry(name, artifact, newState, models, modelsWithState, reconcile, repairFrom);
    }

    /** The entry with other counts of its models. */
    public PackageEntry with(StateCounts<ModelState> newModels, int newWithState) {
        return new PackageEntry(name, artifact, state, newModels, newWithState, reconcile, repairFrom);
    }

    /** The entry with another reconcile record. */
    public PackageEntry with(Versioned<ReconcileRecord> newReconcile) {
        return new PackageEntry(name, artifact, state, models, modelsWithState, newReconcile, repairFrom);
    }

    /** The entry with another earliest time of the next repair, in {@link Timestamp#monotonicNanos}. */
    public PackageEntry repairedNotBefore(long nanos) {
        return new PackageEntry(name, artifact, state, models, modelsWithState, reconcile, nanos);
    }

    /** The input of {@link PackageRules}. */
    public PackageRules.Facts facts() {
        PackageRules.ArtifactStatus status = artifact.good() != null
                ? PackageRules.ArtifactStatus.IN_FORCE
                : artifact.exists()
                        ? PackageRules.ArtifactStatus.BROKEN_WITHOUT_GOOD
                        : PackageRules.ArtifactStatus.ABSENT;
        return new PackageRules.Facts(state.value(), status, models, modelsWithState);
    }

    /** The models that its artifact names, in that order. */
    public List<String> modelNames() {
        PackageArtifact good = artifact.good();
        return good == null
                ? List.of()
                : good.models().stream().map(PackageArtifact.ModelRef::name).toList();
    }

    @Override
    public long bytes() {
        return 500 + 2 * Versioned.bytes(artifact.text()) + state.history().bytes();
    }

    @Override
    public boolean isVoid() {
        return !artifact.exists() && !artifact.text().exists() && state.isVoid() && !reconcile.exists();
    }
}
