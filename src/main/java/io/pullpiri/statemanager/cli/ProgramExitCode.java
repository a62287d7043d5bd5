// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

/** The exit codes of all commands. Scripts rely on them. */
public final class ProgramExitCode {

    public static final int OK = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int TIMED_OUT = 3;

    private ProgramExitCode() {}
}
