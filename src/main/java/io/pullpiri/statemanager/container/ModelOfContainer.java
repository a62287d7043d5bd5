// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.container;

import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Finds the model of a container; see docs/wire.md. The first rule that finds a model decides. */
// [impl->req~con-model~1]
public final class ModelOfContainer {

    private static final List<String> ANNOTATIONS = List.of("io.pullpiri.annotations.model", "pullpiri.model", "model");
    private static final String CONFIG = "model";
    private static final String NAME_PREFIX = "model-";

    private ModelOfContainer() {}

    /** Removes the leading slash that podman writes before some names. */
    public static String withoutSlash(String name) {
        return name.startsWith("/") ? name.substring(1) : name;
    }

    /** The model that annotations, configuration or the name {@code model-…} state; null if they state none. */
    public static @Nullable String stated(ContainerFacts facts, String name) {
        for (String annotation : ANNOTATIONS) {
            String model = facts.annotations().get(annotation);
            if (model != null && !model.isBlank()) {
                return model;
            }
        }
        String model = facts.config().get(CONFIG);
        if (model != null && !model.isBlank()) {
            return model;
        }
        return name.startsWith(NAME_PREFIX) && name.length() > NAME_PREFIX.length()
                ? name.substring(NAME_PREFIX.length())
                : null;
    }

    /**
     * The model of a container; null if no rule finds one.
     *
     * @param isNamed whether a package names a model
     */
    public static @Nullable String of(ContainerFacts facts, Predicate<String> isNamed) {
        String name = withoutSlash(facts.name().isEmpty() ? facts.id() : facts.name());
        String stated = stated(facts, name);
        return stated == null ? byName(name, isNamed) : stated;
    }

    /** The longest named model with which a name {@code {model}_{container}} begins; null if there is none. */
    public static @Nullable String byName(String name, Predicate<String> isNamed) {
        for (int i = name.lastIndexOf('_'); i > 0; i = name.lastIndexOf('_', i - 1)) {
            String model = name.substring(0, i);
            if (isNamed.test(model)) {
                return model;
            }
        }
        return null;
    }
}
