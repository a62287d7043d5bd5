// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import org.jspecify.annotations.Nullable;

/** The states of a package: table 4.1 of the seed. {@link PackageRules} derives them from models. */
public enum PackageState implements NamedState {
    /** The state of a package when it is created (맨 처음 package의 상태). */
    IDLE,
    /** Every model is paused (모든 model이 paused 상태일 때). */
    PAUSED,
    /** Every model is exited (모든 model이 exited 상태일 때). */
    EXITED,
    /** At least one model is dead, but not every model (일부 model이 dead 상태일 때). */
    DEGRADED,
    /** Every model is dead (모든 model이 dead 상태일 때). */
    ERROR,
    /** None of the conditions above holds (위 조건을 모두 만족하지 않을 때). */
    RUNNING;

    private static final StateSpelling<PackageState> SPELLING = new StateSpelling<>("PACKAGE_STATE_", values());

    private final String title = StateSpelling.title(this);

    @Override
    public String title() {
        return title;
    }

    @Override
    public String protobufName() {
        return SPELLING.protobufName(this);
    }

    /** Whether some or all models of a package in this state are dead, whatever {@code reconcile.on} says. */
    public boolean hasDeadModels() {
        return this == DEGRADED || this == ERROR;
    }

    /** Reads a state in any case, with or without the prefix {@code PACKAGE_STATE_}; null for any other text. */
    public static @Nullable PackageState parse(String text) {
        return SPELLING.parse(text);
    }
}
