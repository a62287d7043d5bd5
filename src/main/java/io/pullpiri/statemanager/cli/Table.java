// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;

/** A table with aligned columns, also for wide characters such as Korean. */
public final class Table {

    private static final String GAP = "   ";

    private final List<List<AttributedString>> rows = new ArrayList<>();

    Table(String... titles) {
        rows.add(Arrays.stream(titles)
                .map(title -> new AttributedString(title, Styles.BOLD))
                .toList());
    }

    /**
     * Adds a row.
     *
     * @param cells texts or styled texts, one for each title
     */
    public void add(CharSequence... cells) {
        rows.add(Arrays.stream(cells)
                .map(cell -> cell instanceof AttributedString styled ? styled : new AttributedString(cell))
                .map(Output::printable)
                .toList());
    }

    /** Returns the titles and the rows, with aligned columns. */
    public List<AttributedString> lines() {
        int columns = rows.getFirst().size();
        int[] widths = new int[columns];
        for (List<AttributedString> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).columnLength());
            }
        }
        return rows.stream().map(row -> line(row, widths)).toList();
    }

    private static AttributedString line(List<AttributedString> row, int[] widths) {
        AttributedStringBuilder line = new AttributedStringBuilder();
        int last = row.size() - 1;
        for (int i = 0; i <= last; i++) {
            line.append(row.get(i));
            if (i < last) {
                line.append(" ".repeat(widths[i] - row.get(i).columnLength())).append(GAP);
            }
        }
        return line.toAttributedString();
    }
}
