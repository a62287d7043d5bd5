// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageRules;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.StateMachine;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Writes the causes of states: which models, containers and nodes decide them. An operator acts on these texts. */
// [impl->req~pkg-cause~1]
public final class Causes {

    private static final int NAMED = 3;

    private Causes() {}

    /** The cause of the resource's latest transition; empty if there is none. */
    public static String latest(ResourceEntry<?> entry) {
        Transition latest = entry.state().history().latest();
        return latest == null ? "" : latest.cause();
    }

    /**
     * The cause of a package that a model brought into its state, such as
     * {@code brake running (container brake_ctl on HPC: running)}.
     *
     * @param cause why the model is in its state
     */
    public static String ofModel(String model, @Nullable ModelState state, String cause) {
        String what = state == null ? "has no state" : state.title().toLowerCase(Locale.ROOT);
        return model + " " + what + " (" + cause + ")";
    }

    /**
     * The cause of a package that no dead model decides. If the latest transition names a model that is still in the same state,
     * the model's cause is the one of now: its container may have moved to another node since then. Otherwise it is the cause of
     * the transition.
     *
     * @param causes gives the cause of a model's state
     */
    static String followed(
            PackageEntry entry,
            PackageState state,
            Transition latest,
            Function<String, @Nullable ModelEntry> models,
            Function<ModelEntry, String> causes) {
        ModelState counted = switch (state) {
            case PAUSED -> ModelState.PAUSED;
            case EXITED -> ModelState.EXITED;
            case RUNNING, IDLE, DEGRADED, ERROR -> null;
        };
        // PackageRules counts the models of a package that is paused or exited, before it names one.
        int begin = counted == null ? 0 : latest.cause().indexOf(": ") + 2;
        for (String name : entry.modelNames()) {
            ModelEntry model = latest.cause().startsWith(name, begin) ? models.apply(name) : null;
            if (model != null) {
                ModelState of = model.state().value();
                String named = ofModel(name, of, "");
                if (latest.cause().startsWith(named.substring(0, named.length() - 1), begin)) {
                    String cause = ofModel(name, of, causes.apply(model));
                    return counted == null ? cause : PackageRules.counted(entry.models(), counted, cause);
                }
            }
        }
        return latest.cause();
    }

    /**
     * Counts and names the dead models of a package:
     * {@code 2 of 4 models dead: brake dead (container brake_ctl on HPC: exit code 139), light dead (…)}.
     *
     * @param causes gives the cause of a model's state; empty if it is not known
     */
    public static String dead(
            PackageEntry entry, Function<String, @Nullable ModelEntry> models, Function<ModelEntry, String> causes) {
        List<String> named = new ArrayList<>();
        for (String name : entry.modelNames()) {
            ModelEntry model = models.apply(name);
            if (model != null && model.counted() == ModelState.DEAD) {
                String cause = causes.apply(model);
                named.add(name + " dead" + (cause.isEmpty() ? "" : " (" + cause + ")"));
            }
            if (named.size() == NAMED) {
                break;
            }
        }
        int others = entry.models().count(ModelState.DEAD) - named.size();
        return PackageRules.counted(
                entry.models(),
                ModelState.DEAD,
                String.join(", ", named) + (others > 0 ? ", and " + others + " more" : ""));
    }

    /**
     * Names the first container that gives a model its state, such as {@code container brake_ctl on HPC: exit code 139}, and
     * counts the others.
     *
     * @param derived the state that the model's containers give
     */
    public static String containers(ModelEntry entry, ModelState derived) {
        ContainerState counted = switch (derived) {
            case DEAD -> ContainerState.DEAD;
            case PAUSED -> ContainerState.PAUSED;
            case EXITED -> ContainerState.EXITED;
            case RUNNING, CREATED -> ContainerState.RUNNING;
        };
        String cause = named(entry, container -> container.state() == counted);
        // By the rule, a model also runs if no container runs but they are neither all paused nor all exited.
        return cause != null
                ? cause
                : Objects.requireNonNullElse(
                        named(entry, container -> container.state() != ContainerState.UNKNOWN),
                        "no container is known");
    }

    /**
     * Says which nodes reported a model that has containers but no state, when, and which containers.
     *
     * @param nodes all nodes by name
     */
    static String reported(ModelEntry entry, Map<String, NodeEntry> nodes) {
        List<String> reporters = new ArrayList<>();
        for (String name : entry.containers().keySet()) {
            NodeEntry node = nodes.get(name);
            String shown = LogText.printable(name);
            reporters.add(
                    node == null || node.reportedMillis() == 0
                            ? shown
                            : shown + " at " + Instant.ofEpochMilli(node.reportedMillis()));
        }
        String by = "reported by " + String.join(", ", reporters.subList(0, Math.min(NAMED, reporters.size())))
                + (reporters.size() > NAMED ? ", and " + (reporters.size() - NAMED) + " more" : "");
        ModelState known = StateMachine.modelState(entry.containerCounts());
        return known == null
                ? by + ", its containers are unknown: " + named(entry, container -> true)
                : by + ", " + containers(entry, known) + "; its state was deleted from the store";
    }

    /** Says what is known of models that were reported but have no state; empty if there are none. */
    static String unknown(List<ModelEntry> models, Map<String, NodeEntry> nodes) {
        String named = models.stream()
                .limit(NAMED)
                .map(model -> model.name() + " has no state (" + reported(model, nodes) + ")")
                .collect(Collectors.joining(", "));
        return models.size() > NAMED ? named + ", and " + (models.size() - NAMED) + " more" : named;
    }

    /** Names the first container that matches, and counts the others; null if none matches. */
    private static @Nullable String named(ModelEntry entry, Predicate<Container> meant) {
        String first = null;
        int others = 0;
        for (Map.Entry<String, List<Container>> ofNode : entry.containers().entrySet()) {
            for (Container container : ofNode.getValue()) {
                if (!meant.test(container)) {
                    continue;
                }
                if (first == null) {
                    first = "container " + LogText.printable(container.name()) + " on "
                            + LogText.printable(ofNode.getKey()) + ": " + container.description();
                } else {
                    others++;
                }
            }
        }
        return others == 0 ? first : first + ", and " + others + " more";
    }
}
