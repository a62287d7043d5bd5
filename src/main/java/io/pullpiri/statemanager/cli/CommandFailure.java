package io.pullpiri.statemanager.cli;

/** A command cannot do what it was told; the message is for the person who called it. */
public class CommandFailure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public CommandFailure(String message) {
        super(message);
    }

    /** The server understood the call and turned down what was in it. */
    static final class ServerRefusal extends CommandFailure {

        private static final long serialVersionUID = 1L;

        ServerRefusal(String message) {
            super(message);
        }
    }
}
