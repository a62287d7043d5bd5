package io.pullpiri.statemanager.simulation;

import io.pullpiri.statemanager.simulation.StoreFaults.Fate;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.ScenarioState;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What happens in and around a vehicle. */
sealed interface Action {

    /** A node reports; a container is {@code model/name=status}. */
    record Report(String node, List<String> containers) implements Action {}

    /** An older list of the node comes once more. */
    record Repeat(String node) implements Action {}

    /** An operator has a node forgotten. */
    record Forget(String node, boolean force) implements Action {}

    /** Somebody asks for a model's state. */
    record ChangeModel(String model, ModelState state) implements Action {}

    /** Somebody asks for a scenario's step. */
    record StepScenario(String scenario, @Nullable ScenarioState current, ScenarioState target) implements Action {}

    /** An operator applies an artifact. */
    record Apply(String key, String yaml) implements Action {}

    /** An operator deletes an artifact. */
    record Delete(String key, String yaml) implements Action {}

    /** Another component writes a key; null deletes it. */
    record Write(String key, @Nullable String value) implements Action {}

    /** The state manager is killed and starts anew. */
    record Crash() implements Action {}

    /** Something befalls the next commit. */
    record Befall(Fate fate) implements Action {}

    /** The store is away for a while. */
    record Outage(int millis) implements Action {}

    /** The store can be read but accepts no writes for a while, and gives a reason that is not known. */
    record Refusal(int millis) implements Action {}

    /** The store forgets its past, and cuts all watches. */
    record Compact() implements Action {}

    /** All watches are cut off, and cannot be resumed. */
    record CutWatches() implements Action {}

    /** ActionController changes its mood. */
    record Turn(Mood mood) implements Action {}

    /** Somebody sets the clock on the wall. */
    record SetClock(int seconds) implements Action {}

    /** A subscriber reads what there is for it; it subscribes first if need be. */
    record Read() implements Action {}

    /** How ActionController answers. */
    enum Mood {
        ACCEPTS,
        REFUSES,
        FAILS,
        KEEPS_SILENT
    }

    /** An action, and how long after the one before it. */
    record Step(int waitMillis, Action action) {

        @Override
        public String toString() {
            return "+%d ms %s".formatted(waitMillis, action);
        }
    }
}
