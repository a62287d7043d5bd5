// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.StoreKey;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads the artifacts of Pullpiri's store, compares them with those that our store has, and submits what differs. For one
 * thread.
 */
final class ArtifactImport {

    /** The kinds in the order in which their artifacts are applied: a scenario last, because it makes its package a target. */
    private static final List<ResourceKind> KINDS =
            List.of(ResourceKind.MODEL, ResourceKind.PACKAGE, ResourceKind.SCENARIO);

    /** The artifacts of one command. A command is committed as one transaction, if the store accepts that much. */
    private static final int AT_ONCE = 50;

    /** How long the mirror waits for a commit at most. The manager cuts it to {@code commit.timeout}. */
    static final Duration COMMIT_WAIT = Duration.ofSeconds(30);

    /** Submits a command, and waits for its result. */
    interface Submitter {
        CommandResult submit(Command command) throws InterruptedException;
    }

    private final PullpiriStore store;
    private final Manager manager;
    private final MirrorMetrics metrics;
    private final LongSupplier nanos;
    private final MissingArtifacts missing;

    /** The values that could not be used, as they were reported. */
    private final Map<StoreKey.ArtifactKey, String> broken = new LinkedHashMap<>();

    ArtifactImport(
            PullpiriStore store, Manager manager, MirrorMetrics metrics, MissingArtifacts missing, LongSupplier nanos) {
        this.store = store;
        this.manager = manager;
        this.metrics = metrics;
        this.missing = missing;
        this.nanos = nanos;
    }

    /**
     * Reads once, and applies what differs.
     *
     * @return why not everything was applied, for operators; empty if everything was
     * @throws PullpiriStoreException if Pullpiri's store failed; nothing was applied
     */
    String read() throws PullpiriStoreException, InterruptedException {
        Map<StoreKey.ArtifactKey, String> found = new LinkedHashMap<>();
        for (ResourceKind kind : KINDS) {
            metrics.read();
            store.readPrefix(Keys.artifact(kind.artifactKind(), "")).forEach((key, yaml) -> {
                if (StoreKey.parse(key) instanceof StoreKey.ArtifactKey artifact) {
                    found.put(artifact, yaml);
                }
            });
        }
        View view = manager.view();
        Map<String, ScenarioState> firstStates =
                view.mirrorMarks().has(StoreKey.MirrorMark.FIRST_STATES) ? null : readScenarioStates(found.keySet());
        String trouble = submit(changed(view, found), deleted(view, found.keySet()), firstStates);
        return missing.isHeld() ? missing.description() : trouble;
    }

    /** Reads the states of the scenarios that have an artifact. The key of a deleted scenario may be left over. */
    private Map<String, ScenarioState> readScenarioStates(Set<StoreKey.ArtifactKey> artifacts)
            throws PullpiriStoreException {
        metrics.read();
        Map<String, ScenarioState> states = new TreeMap<>();
        store.readPrefix(Keys.SCENARIO_STATE_PREFIX).forEach((key, text) -> {
            ScenarioState state = ScenarioState.parse(text);
            if (state != null
                    && StoreKey.parse(key) instanceof StoreKey.StateKey stateKey
                    && artifacts.contains(new StoreKey.ArtifactKey(ResourceKind.SCENARIO, stateKey.name()))) {
                states.put(stateKey.name(), state);
            }
        });
        return states;
    }

    private List<Artifact> changed(View view, Map<StoreKey.ArtifactKey, String> found) {
        broken.keySet().retainAll(found.keySet());
        List<Artifact> changed = new ArrayList<>();
        found.forEach((key, yaml) -> {
            if (yaml.equals(held(view, key))) {
                broken.remove(key);
                return;
            }
            try {
                changed.add(parse(key, yaml));
                broken.remove(key);
            } catch (BrokenArtifactException e) {
                if (!yaml.equals(broken.put(key, yaml))) {
                    manager.anomalies()
                            .add(
                                    "broken-artifact",
                                    key.text() + " of Pullpiri's store is broken, and is ignored: " + e.reason());
                }
            }
        });
        metrics.setBroken(broken.size());
        return changed;
    }

    private static @Nullable String held(View view, StoreKey.ArtifactKey key) {
        ResourceEntry<?> entry = view.resource(key.kind(), key.name());
        return entry == null ? null : entry.artifactText().value();
    }

    private static Artifact parse(StoreKey.ArtifactKey key, String yaml) throws BrokenArtifactException {
        Artifact artifact = ArtifactParser.parse(yaml);
        if (!artifact.kind().equals(key.kind().artifactKind())
                || !artifact.name().equals(key.name())) {
            throw new BrokenArtifactException("is " + artifact.kind() + "/" + artifact.name()
                    + " (expected: as its key says, " + key.text() + ")");
        }
        String problem = Names.problem(artifact.name());
        if (problem != null) {
            throw new BrokenArtifactException("its name " + problem);
        }
        return artifact;
    }

    private List<StoreKey.ArtifactKey> deleted(View view, Set<StoreKey.ArtifactKey> found)
            throws PullpiriStoreException {
        Set<String> mirrored = new HashSet<>();
        for (String mark : view.mirrorMarks().names()) {
            if (StoreKey.parse(mark) instanceof StoreKey.ArtifactKey key && held(view, key) != null) {
                mirrored.add(mark);
            }
        }
        Set<String> present = found.stream().map(StoreKey.ArtifactKey::text).collect(Collectors.toSet());
        List<StoreKey.ArtifactKey> deleted = new ArrayList<>();
        for (String key : missing.read(mirrored, present, nanos.getAsLong())) {
            if (store.read(key).isEmpty() && StoreKey.parse(key) instanceof StoreKey.ArtifactKey artifact) {
                deleted.add(artifact);
            }
        }
        return deleted;
    }

    private String submit(
            List<Artifact> changed,
            List<StoreKey.ArtifactKey> deleted,
            @Nullable Map<String, ScenarioState> firstStates)
            throws InterruptedException {
        String trouble = "";
        if (!deleted.isEmpty() || firstStates != null) {
            trouble = trouble(submit(new Command.MirrorArtifacts(List.of(), deleted, firstStates)));
        }
        return trouble.isEmpty() ? applyAll(changed, this::submit) : trouble;
    }

    /** Applies artifacts; returns why not all were stored, empty if they were. After an outage the rest waits for the next read. */
    static String applyAll(List<Artifact> artifacts, Submitter submitter) throws InterruptedException {
        String trouble = "";
        for (int from = 0; from < artifacts.size() && trouble.isEmpty(); from += AT_ONCE) {
            trouble = apply(artifacts.subList(from, Math.min(from + AT_ONCE, artifacts.size())), submitter);
        }
        return trouble;
    }

    private static String apply(List<Artifact> artifacts, Submitter submitter) throws InterruptedException {
        CommandResult result = submitter.submit(new Command.MirrorArtifacts(List.copyOf(artifacts), List.of(), null));
        boolean mayConcernOne =
                result instanceof CommandResult.Rejected || result instanceof CommandResult.ResourceExhausted;
        if (!mayConcernOne || artifacts.size() == 1) {
            return trouble(result);
        }
        // One of them cannot be stored. The others are not kept back for it.
        String trouble = "";
        for (Artifact one : artifacts) {
            String why = apply(List.of(one), submitter);
            trouble = why.isEmpty() ? trouble : why;
        }
        return trouble;
    }

    private CommandResult submit(Command command) throws InterruptedException {
        try {
            return manager.submit(command, COMMIT_WAIT).get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String trouble(CommandResult result) {
        String reason = failure(result);
        return reason.isEmpty() ? "" : "artifacts of Pullpiri's store are not stored: " + reason;
    }

    /** Returns why a command was not committed; empty if it was. */
    static String failure(CommandResult result) {
        return switch (result) {
            case CommandResult.ArtifactsDone done -> "";
            case CommandResult.Done done -> "";
            case CommandResult.NotAllowed refused -> refused.reason();
            case CommandResult.NotFound refused -> refused.reason();
            case CommandResult.NotDurableYet refused -> refused.reason();
            case CommandResult.Rejected refused -> refused.reason();
            case CommandResult.ResourceExhausted refused -> refused.reason();
        };
    }
}
