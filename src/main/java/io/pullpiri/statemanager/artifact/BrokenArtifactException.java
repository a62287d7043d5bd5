package io.pullpiri.statemanager.artifact;

/** An artifact cannot be used; the message names the document, the field, the value and what was expected. */
public final class BrokenArtifactException extends Exception {

    private static final long serialVersionUID = 1L;

    private final String reason;

    public BrokenArtifactException(String message) {
        super(message);
        this.reason = message;
    }

    /** What is wrong: the message. */
    public String reason() {
        return reason;
    }
}
