// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import io.pullpiri.statemanager.state.ExportedStateNames;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.view.Journal.Subject;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.View;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Defines the keys of states in Pullpiri's store, and the texts of the states there. */
final class ExportedStates {

    private ExportedStates() {}

    /** Returns the key of a resource's state; null for a node, which has none. */
    static @Nullable String key(Subject subject) {
        return switch (subject.kind()) {
            case PACKAGE -> Keys.packageState(subject.name());
            case MODEL -> Keys.modelState(subject.name());
            case SCENARIO -> Keys.scenarioState(subject.name());
            case NODE -> null;
        };
    }

    /** Returns the keys and texts of all states of a view. */
    static SortedMap<String, String> of(View view, ExportedStateNames names) {
        TreeMap<String, String> states = new TreeMap<>();
        for (ResourceKind kind : ResourceKind.WITH_STATES) {
            for (ResourceEntry<?> entry : view.resources(kind).values()) {
                NamedState state = entry.state().value();
                String key = key(new Subject(kind, entry.name()));
                if (state != null && key != null) {
                    states.put(key, names.text(state));
                }
            }
        }
        return states;
    }

    /**
     * Returns the text of a state.
     *
     * @param title the state as the journal has it; empty for a resource that was removed
     * @return null for a resource that was removed
     */
    static @Nullable String text(ResourceKind kind, String title, ExportedStateNames names) {
        NamedState state = switch (kind) {
            case PACKAGE -> PackageState.parse(title);
            case MODEL -> ModelState.parse(title);
            case SCENARIO -> ScenarioState.parse(title);
            case NODE -> null;
        };
        return state == null ? null : names.text(state);
    }
}
