// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

/** How states are spelled in Pullpiri's store. All spellings are read. */
public enum ExportedStateNames {
    /** As Pullpiri's own StateManager spells them: protobuf names, but titles for models. */
    PULLPIRI,
    /** {@code Running} */
    TITLE,
    /** {@code PACKAGE_STATE_RUNNING} */
    PROTOBUF;

    /** Returns the text of a state. */
    public String text(NamedState state) {
        boolean title = this == TITLE || (this == PULLPIRI && state instanceof ModelState);
        return title ? state.title() : state.protobufName();
    }
}
