// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.pullpiri.statemanager.view.ResourceKind;
import java.util.Locale;

/**
 * The spelling of states in answers. It is the spelling in the store.
 *
 * @param protobuf whether a state is {@code PACKAGE_STATE_RUNNING} instead of {@code Running}
 */
record StateNames(boolean protobuf) {

    /**
     * Returns the spelling of a state.
     *
     * @param title the state as {@code Running}; empty for none
     */
    String of(ResourceKind kind, String title) {
        return protobuf && !title.isEmpty() ? kind + "_STATE_" + title.toUpperCase(Locale.ROOT) : title;
    }
}
