package io.pullpiri.statemanager.artifact;

/** One of the documents that describe a vehicle's software. */
public sealed interface Artifact permits ScenarioArtifact, PackageArtifact, ModelArtifact, OtherArtifact {

    /** As in YAML: {@code PackageJson}. */
    String kind();

    String name();

    /** The document's text, as it is stored. */
    String yaml();
}
