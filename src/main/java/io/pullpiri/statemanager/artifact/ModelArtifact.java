// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

/** The description of a model's pod. No state depends on its content. */
public record ModelArtifact(String name, String yaml) implements Artifact {

    public static final String KIND = "Model";

    @Override
    public String kind() {
        return KIND;
    }
}
