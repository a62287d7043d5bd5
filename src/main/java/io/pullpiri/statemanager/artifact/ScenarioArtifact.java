// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

/**
 * The description of a scenario: an action on a package. Other components evaluate its condition.
 *
 * @param action such as {@code launch}; empty if the scenario has none
 * @param target the name of the package
 */
public record ScenarioArtifact(String name, String action, String target, String yaml) implements Artifact {

    public static final String KIND = "Scenario";

    @Override
    public String kind() {
        return KIND;
    }
}
