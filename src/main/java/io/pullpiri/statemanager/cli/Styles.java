// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import java.util.Locale;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStyle;

/** The colors of states in a terminal. */
public final class Styles {

    public static final AttributedStyle BOLD = AttributedStyle.DEFAULT.bold();
    public static final AttributedStyle FAINT = AttributedStyle.DEFAULT.faint();
    private static final AttributedStyle GOOD = AttributedStyle.DEFAULT.foreground(AttributedStyle.GREEN);
    private static final AttributedStyle WARNING = AttributedStyle.DEFAULT.foreground(AttributedStyle.YELLOW);
    private static final AttributedStyle BAD = AttributedStyle.BOLD.foreground(AttributedStyle.RED);
    private static final AttributedStyle STILL = AttributedStyle.DEFAULT.foreground(AttributedStyle.CYAN);

    private Styles() {}

    /**
     * Returns a state in its color.
     *
     * @param state as {@code Running} or as {@code PACKAGE_STATE_RUNNING}
     */
    public static AttributedString state(String state) {
        String name = state.toLowerCase(Locale.ROOT);
        AttributedStyle style = switch (name.substring(name.lastIndexOf('_') + 1)) {
            case "running", "completed" -> GOOD;
            case "degraded", "paused" -> WARNING;
            case "error", "dead" -> BAD;
            case "idle", "created" -> STILL;
            default -> AttributedStyle.DEFAULT;
        };
        return new AttributedString(state, style);
    }
}
