// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;

/** A reader of a command's output that ends after some lines, as {@code head} does. */
final class ClosingReader extends Writer {

    private final StringWriter text = new StringWriter();
    private final int most;

    ClosingReader(int lines) {
        most = lines;
    }

    String text() {
        return text.toString();
    }

    @Override
    public void write(char[] characters, int offset, int length) throws IOException {
        requireThere();
        text.write(characters, offset, length);
    }

    @Override
    public void flush() throws IOException {
        requireThere();
    }

    private void requireThere() throws IOException {
        if (text().lines().count() >= most && text().endsWith("\n")) {
            throw new IOException("Broken pipe");
        }
    }

    @Override
    public void close() {}
}
