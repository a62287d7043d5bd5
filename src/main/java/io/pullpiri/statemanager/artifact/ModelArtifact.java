package io.pullpiri.statemanager.artifact;

/** A pod. No state depends on what it says. */
public record ModelArtifact(String name, String yaml) implements Artifact {

    public static final String KIND = "Model";

    @Override
    public String kind() {
        return KIND;
    }
}
