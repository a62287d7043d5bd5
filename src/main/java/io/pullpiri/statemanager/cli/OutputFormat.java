// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import java.io.PrintWriter;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** The option {@code -o} of commands that print a table, JSON or YAML. */
final class OutputFormat {

    /** A value of the option, spelled as the user types it. */
    enum Format {
        table,
        json,
        yaml
    }

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "${COMPLETION-CANDIDATES} (default: table)")
    private Format format = Format.table;

    boolean isTable() {
        return format == Format.table;
    }

    /** Prints one of the two, and flushes. */
    void print(PrintWriter out, Supplier<Table> table, Supplier<Object> value) {
        switch (format) {
            case table -> table.get().lines().forEach(line -> out.println(Output.shown(line)));
            case json -> out.print(Output.json(value.get()));
            case yaml -> out.print(Output.yaml(value.get()));
        }
        out.flush();
    }
}
