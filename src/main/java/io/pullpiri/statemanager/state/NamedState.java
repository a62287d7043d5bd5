// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import org.jspecify.annotations.Nullable;

/** A state that is stored under a key of its own: of a package, a model or a scenario. */
public sealed interface NamedState permits PackageState, ModelState, ScenarioState {

    /** The name as the seed writes it: {@code Running}. */
    String title();

    /** The name as Pullpiri's Rust StateManager stores it: {@code PACKAGE_STATE_RUNNING}. */
    String protobufName();

    /** The title of a state, or an empty text for no state. */
    static String titleOf(@Nullable NamedState state) {
        return state == null ? "" : state.title();
    }
}
