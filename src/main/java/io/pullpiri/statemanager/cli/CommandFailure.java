package io.pullpiri.statemanager.cli;

/** A command failed. The message is for the user. */
public class CommandFailure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public CommandFailure(String message) {
        super(message);
    }

    /** The server rejected the content of a call. */
    static final class ServerRefusal extends CommandFailure {

        private static final long serialVersionUID = 1L;

        ServerRefusal(String message) {
            super(message);
        }
    }
}
