// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

/** A document that describes a part of a vehicle's software. */
public sealed interface Artifact permits ScenarioArtifact, PackageArtifact, ModelArtifact, OtherArtifact {

    /** The kind as in YAML, such as {@code Package}. */
    String kind();

    String name();

    /** The text of the document, as it is stored. */
    String yaml();
}
