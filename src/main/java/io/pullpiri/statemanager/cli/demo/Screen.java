// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli.demo;

import java.io.IOException;
import java.util.List;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.AttributedString;
import org.jline.utils.Display;
import org.jline.utils.InfoCmp.Capability;
import picocli.CommandLine.Help.Ansi;

/** Draws a picture in the terminal repeatedly, in one place. For one thread. */
final class Screen implements AutoCloseable {

    private final Terminal terminal;
    private final Display display;
    private final boolean colors = Ansi.AUTO.enabled();

    private Screen(Terminal terminal) {
        this.terminal = terminal;
        this.display = new Display(terminal, false);
        terminal.puts(Capability.cursor_invisible);
    }

    /** Returns whether standard output is a terminal that can show the picture. */
    @SuppressWarnings("SystemConsoleNull") // Since JDK 25 it is null again where there is no terminal.
    static boolean isPossible() {
        String type = System.getenv("TERM");
        return System.console() != null && System.console().isTerminal() && type != null && !type.equals("dumb");
    }

    static Screen open() throws IOException {
        return new Screen(TerminalBuilder.builder().system(true).build());
    }

    int rows() {
        return Math.max(terminal.getHeight(), 10);
    }

    /** Replaces the picture with the lines, cut to the size of the terminal. */
    void draw(List<AttributedString> lines) {
        Size size = terminal.getSize();
        int columns = Math.max(size.getColumns(), 20);
        display.resize(rows(), columns);
        display.update(
                lines.stream()
                        .limit(rows() - 1)
                        .map(line -> cut(colors ? line : new AttributedString(line.toString()), columns - 1))
                        .toList(),
                -1);
        terminal.flush();
    }

    /** Draws the last picture. Later output appears below it. */
    void end(List<AttributedString> lines) {
        draw(lines);
        terminal.writer().println();
        terminal.flush();
    }

    private static AttributedString cut(AttributedString line, int columns) {
        return line.columnLength() <= columns
                ? line
                : AttributedString.join(
                        AttributedString.EMPTY, line.columnSubSequence(0, columns - 1), new AttributedString("…"));
    }

    @Override
    public void close() throws IOException {
        terminal.puts(Capability.cursor_visible);
        terminal.flush();
        terminal.close();
    }
}
