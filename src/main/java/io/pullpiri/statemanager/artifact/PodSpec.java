// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import io.pullpiri.statemanager.state.RestartPolicy;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The part of a Model artifact that decides what NodeAgent does when a container of the model ends.
 *
 * @param firstContainer the name of the first container, the only one that NodeAgent starts again; empty if it is not known
 */
public record PodSpec(RestartPolicy restartPolicy, String firstContainer) {

    /** The pod of a model without an artifact. */
    public static final PodSpec UNKNOWN = new PodSpec(RestartPolicy.ON_FAILURE, "");

    /**
     * Reads a stored Model artifact. What is missing or cannot be read has the value of {@link #UNKNOWN}: the artifact is
     * Pullpiri's, and no state depends on it.
     */
    public static PodSpec read(@Nullable String yaml) {
        if (yaml == null) {
            return UNKNOWN;
        }
        try {
            return Yaml.parse(yaml) instanceof Map<?, ?> model && model.get("spec") instanceof Map<?, ?> spec
                    ? of(spec)
                    : UNKNOWN;
        } catch (BrokenArtifactException e) {
            return UNKNOWN;
        }
    }

    private static PodSpec of(Map<?, ?> spec) {
        Object policy = spec.get("restartPolicy");
        String first = spec.get("containers") instanceof List<?> containers
                        && !containers.isEmpty()
                        && containers.getFirst() instanceof Map<?, ?> container
                        && container.get("name") instanceof String name
                ? name
                : "";
        return new PodSpec(policy == null ? RestartPolicy.ON_FAILURE : RestartPolicy.parse(policy), first);
    }

    /** Whether a container of the model, which NodeAgent names {@code {model}_{container}}, may be the pod's first one. */
    public boolean mayBeFirst(String container) {
        return firstContainer.isEmpty() || container.endsWith("_" + firstContainer) || container.equals(firstContainer);
    }
}
