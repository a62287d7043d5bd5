package io.pullpiri.statemanager.artifact;

import java.util.List;

/**
 * A vehicle application.
 *
 * @param models each once, in the order of the document
 */
public record PackageArtifact(String name, List<ModelRef> models, String yaml) implements Artifact {

    public static final String KIND = "Package";

    public PackageArtifact {
        models = List.copyOf(models);
    }

    /**
     * A model of the package.
     *
     * @param node where it is to run; empty if the package does not say
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
