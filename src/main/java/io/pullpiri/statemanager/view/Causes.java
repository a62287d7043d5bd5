package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageRules;
import io.pullpiri.statemanager.state.StateMachine;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Why a package or a model is as it is, in words an operator can act on. */
public final class Causes {

    private static final int NAMED = 3;

    private Causes() {}

    /** Why the resource came to its state; empty if that is not known. */
    public static String latest(ResourceEntry<?> entry) {
        Transition latest = entry.state().history().latest();
        return latest == null ? "" : latest.cause();
    }

    /**
     * {@code 2 of 4 models dead: brake dead (container brake_ctl on HPC: exit code 139), light dead (…)}
     *
     * @param causes why a model is dead; empty if that is not known
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
     * The container that made a model so, such as {@code container brake_ctl on HPC: exit code 139}, and how many others
     * did.
     *
     * @param derived what the model's containers give
     */
    public static String containers(ModelEntry entry, ModelState derived) {
        ContainerState counted = switch (derived) {
            case DEAD -> ContainerState.DEAD;
            case PAUSED -> ContainerState.PAUSED;
            case EXITED -> ContainerState.EXITED;
            case RUNNING, CREATED -> ContainerState.RUNNING;
        };
        String cause = named(entry, container -> container.state() == counted);
        // A model runs, by the rule, also when none of its containers does but they are not all paused or exited.
        return cause != null
                ? cause
                : Objects.requireNonNullElse(
                        named(entry, container -> container.state() != ContainerState.UNKNOWN),
                        "no container is known");
    }

    /**
     * What is known of a model that has containers and no state: who reported it, when, and what of.
     *
     * @param nodes all nodes, by name
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

    /** What is known of those models that are without a state although they were reported; empty if there are none. */
    static String unknown(List<ModelEntry> models, Map<String, NodeEntry> nodes) {
        String named = models.stream()
                .limit(NAMED)
                .map(model -> model.name() + " has no state (" + reported(model, nodes) + ")")
                .collect(Collectors.joining(", "));
        return models.size() > NAMED ? named + ", and " + (models.size() - NAMED) + " more" : named;
    }

    /** The first container that is meant, and how many others are; null if none is. */
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
