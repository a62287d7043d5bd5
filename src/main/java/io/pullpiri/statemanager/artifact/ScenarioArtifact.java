package io.pullpiri.statemanager.artifact;

/**
 * What is to happen to a package, and when. The condition is other components' business.
 *
 * @param action e.g. {@code launch}; empty if it names none
 * @param target a package's name
 */
public record ScenarioArtifact(String name, String action, String target, String yaml) implements Artifact {

    public static final String KIND = "Scenario";

    @Override
    public String kind() {
        return KIND;
    }
}
