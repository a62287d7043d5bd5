package io.pullpiri.statemanager.settings;

/** A setting cannot be used; the message names it, its value, where it came from and what was expected. */
public final class SettingsException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    SettingsException(String message) {
        super(message);
    }
}
