package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.StateMachine;
import io.pullpiri.statemanager.store.WatchEvent;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.pcollections.PSet;
import org.pcollections.TreePMap;
import org.pcollections.TreePSet;

/**
 * The mirror of the store and its indexes, as of one commit. Immutable: whoever holds one reads at leisure, and never
 * sees half a transaction. Maps are sorted by name.
 *
 * @param bytes about how much memory packages, models, scenarios and nodes take
 * @param scenariosByTarget the scenarios whose target a package is
 * @param unparsable packages whose artifact could not be read since the store was: which models they name is not known
 * @param matchedByName the containers that belong to a model by their name alone, or to none: container name to nodes
 * @param overwritten packages whose state key somebody else overwrote, to be repaired
 * @param nodesWithMissing nodes that have left out containers which are not given up yet
 * @param tombstones watched keys that are gone, with the revision at which they went: what a watch still says of them
 *     from before is old
 * @param unknownNodes the nodes that never named a model of a package
 */
public record View(
        TreePMap<String, PackageEntry> packages,
        TreePMap<String, ModelEntry> models,
        TreePMap<String, ScenarioEntry> scenarios,
        TreePMap<String, NodeEntry> nodes,
        long bytes,
        TreePMap<String, PSet<String>> scenariosByTarget,
        PSet<String> unparsable,
        TreePMap<String, PSet<String>> matchedByName,
        PSet<String> overwritten,
        PSet<String> nodesWithMissing,
        Journal journal,
        TreePMap<String, Long> tombstones,
        UnknownNodes unknownNodes) {

    /** Nothing at all. */
    public static final View EMPTY = new View(
            TreePMap.empty(),
            TreePMap.empty(),
            TreePMap.empty(),
            TreePMap.empty(),
            0,
            TreePMap.empty(),
            TreePSet.<String>empty(),
            TreePMap.empty(),
            TreePSet.<String>empty(),
            TreePSet.<String>empty(),
            Journal.EMPTY,
            TreePMap.empty(),
            UnknownNodes.NONE);

    /** All resources of a kind by name; empty for nodes, which have no state. */
    public SortedMap<String, ? extends ResourceEntry<?>> resources(ResourceKind kind) {
        return switch (kind) {
            case SCENARIO -> scenarios;
            case PACKAGE -> packages;
            case MODEL -> models;
            case NODE -> Collections.emptySortedMap();
        };
    }

    /** One resource; null if it is not known, and for nodes, which have no state. */
    public @Nullable ResourceEntry<?> resource(ResourceKind kind, String name) {
        return resources(kind).get(name);
    }

    /** Why a resource is in its state now; see the methods for each kind. Empty for a scenario without a state. */
    public String causeOf(ResourceEntry<?> entry) {
        return switch (entry) {
            case PackageEntry of -> causeOf(of);
            case ModelEntry of -> causeOf(of);
            case ScenarioEntry of -> of.state().value() == null ? "" : Causes.latest(of);
        };
    }

    /** The scenarios that target the package, in the order of their names. */
    public PSet<String> scenariosOf(String packageName) {
        PSet<String> found = scenariosByTarget.get(packageName);
        return found == null ? TreePSet.<String>empty() : found;
    }

    /** The model's state, null if it has none. */
    public @Nullable ModelState modelState(String model) {
        ModelEntry entry = models.get(model);
        return entry == null ? null : entry.state().value();
    }

    /**
     * Why a package is now as it is: which models are dead at this moment, whichever were when it came to its state; for
     * other states, what brought it there; and what is known of models without a state that were reported. Empty for a
     * package without a state.
     */
    public String causeOf(PackageEntry entry) {
        PackageState state = entry.state().value();
        Transition latest = entry.state().history().latest();
        if (state == null || latest == null) {
            return "";
        }
        boolean dead = state == PackageState.DEGRADED || state == PackageState.ERROR;
        String cause = dead && entry.models().count(ModelState.DEAD) > 0
                ? Causes.dead(entry, models::get, this::causeOf)
                : latest.cause();
        List<ModelEntry> unknown = unknownModels(entry);
        return unknown.isEmpty() ? cause : cause + "; " + Causes.unknown(unknown, nodes);
    }

    /**
     * Why a model is now as it is: which of its containers make it so at this moment, if its state follows from them; what
     * brought it there, if it does not. For a model without a state, what is known of its containers; empty if it has none.
     */
    public String causeOf(ModelEntry entry) {
        ModelState state = entry.state().value();
        Transition latest = entry.state().history().latest();
        if (state == null) {
            return entry.containers().isEmpty() ? "" : Causes.reported(entry, nodes);
        }
        boolean follows =
                latest != null && latest.isDerived() && state == StateMachine.modelState(entry.containerCounts());
        return follows ? Causes.containers(entry, state) : Causes.latest(entry);
    }

    /** The models of a package that have no state although nodes have reported containers of them, in its order. */
    public List<ModelEntry> unknownModels(PackageEntry entry) {
        if (entry.reported() == entry.models().total()) {
            return List.of();
        }
        return entry.modelNames().stream()
                .map(models::get)
                .filter(Objects::nonNull)
                .filter(model ->
                        model.state().value() == null && !model.containers().isEmpty())
                .toList();
    }

    /** Whether a package names the model. */
    public boolean isNamed(String model) {
        ModelEntry entry = models.get(model);
        return entry != null && !entry.packages().isEmpty();
    }

    /**
     * The containers of a node that count for no package, in the order of their names: those of no model, and those of a
     * model that no package names. While a package cannot be read, it may name any model: then only those of no model.
     */
    public List<Container> unmatched(NodeEntry node) {
        return node.containers().values().stream().filter(this::isUnmatched).toList();
    }

    /** Whether a container counts for no package, as {@link #unmatched} has it. */
    public boolean isUnmatched(Container container) {
        if (container.model() == null) {
            return true;
        }
        ModelEntry model = models.get(container.model());
        return unparsable.isEmpty() && (model == null || model.packages().isEmpty());
    }

    /**
     * Whether a watch tells only what the view has, most of the time our own commit. Deleted keys are left to the loop,
     * which remembers them until their end is told.
     */
    public boolean isEcho(WatchEvent event) {
        return event.value() != null
                && event.revision() <= revision(event.key())
                && !tombstones.containsKey(event.key());
    }

    /** The revision at which a watched key is known; 0 for a key that does not exist or is not watched. */
    public long revision(String text) {
        if (!(StoreKey.parse(text) instanceof StoreKey.WatchedKey key)) {
            return 0;
        }
        ResourceEntry<?> entry = resource(key.kind(), key.name());
        return entry == null ? 0 : key.revisionIn(entry);
    }
}
