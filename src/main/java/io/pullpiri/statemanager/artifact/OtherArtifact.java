package io.pullpiri.statemanager.artifact;

/**
 * A document of a kind that StateManager has no part in: Policy, Schedule, Node and others.
 *
 * @param name empty if it has none
 */
public record OtherArtifact(String kind, String name, String yaml) implements Artifact {}
