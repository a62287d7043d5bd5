// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import io.pullpiri.statemanager.simulation.StoreFaults.Fate;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.ScenarioState;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An event in or around a simulated vehicle. */
sealed interface Action {

    /** A node reports its containers, each as {@code model/name=status}. */
    record Report(String node, List<String> containers) implements Action {}

    /** An older list of the node arrives again. */
    record Repeat(String node) implements Action {}

    /** An operator forgets a node. */
    record Forget(String node, boolean force) implements Action {}

    /** A caller requests a state of a model. */
    record ChangeModel(String model, ModelState state) implements Action {}

    /** A caller requests a state of a scenario. */
    record StepScenario(String scenario, @Nullable ScenarioState current, ScenarioState target) implements Action {}

    /** An operator applies an artifact. */
    record Apply(String key, String yaml) implements Action {}

    /** An operator deletes an artifact. */
    record Delete(String key, String yaml) implements Action {}

    /** Another component writes a key; null deletes it. */
    record Write(String key, @Nullable String value) implements Action {}

    /** The server is killed and starts again. */
    record Crash() implements Action {}

    /** The next commit has a fault. */
    record Befall(Fate fate) implements Action {}

    /** The store cannot be reached for some time. */
    record Outage(int millis) implements Action {}

    /** For some time the store can be read, but refuses writes for an unknown reason. */
    record Refusal(int millis) implements Action {}

    /** The store compacts all revisions, and ends all watches. */
    record Compact() implements Action {}

    /** All watches are ended, and cannot resume. */
    record CutWatches() implements Action {}

    /** ActionController changes how it answers. */
    record Turn(Mood mood) implements Action {}

    /** The wall clock is set. */
    record SetClock(int seconds) implements Action {}

    /** A subscriber reads its events; it subscribes first if it has not. */
    record Read() implements Action {}

    /** How ActionController answers. */
    enum Mood {
        ACCEPTS,
        REFUSES,
        FAILS,
        KEEPS_SILENT
    }

    /** An action, and the time between it and the previous one. */
    record Step(int waitMillis, Action action) {

        @Override
        public String toString() {
            return "+%d ms %s".formatted(waitMillis, action);
        }
    }
}
