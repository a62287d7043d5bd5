// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import java.util.List;

/**
 * The description of a package, which is a vehicle application.
 *
 * @param models its models in the order of the document, each once
 */
public record PackageArtifact(String name, List<ModelRef> models, String yaml) implements Artifact {

    public static final String KIND = "Package";

    public PackageArtifact {
        models = List.copyOf(models);
    }

    /**
     * A model of the package.
     *
     * @param node the node on which the model is to run; empty if the package does not name one
     */
    public record ModelRef(String name, String node) {

        public ModelRef {
            name = name.intern();
            node = node.intern();
        }
    }

    @Override
    public String kind() {
        return KIND;
    }
}
