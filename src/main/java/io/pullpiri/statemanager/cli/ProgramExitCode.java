package io.pullpiri.statemanager.cli;

/** What scripts may rely on. */
public final class ProgramExitCode {

    public static final int OK = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int TIMED_OUT = 3;

    private ProgramExitCode() {}
}
