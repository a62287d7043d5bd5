// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Runs commands against a real server of the test, in this process. */
abstract class CommandRig {

    record Run(int exitCode, String out, String err) {}

    @TempDir
    Path folder;

    ServerRig rig;

    @BeforeEach
    void setUp() throws IOException {
        rig = new ServerRig("sqlite:" + folder.resolve("states.db"), "127.0.0.1:1", Map.of());
        rig.awaitReady();
    }

    @AfterEach
    void tearDown() {
        rig.close();
    }

    static Run run(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
        return new Run(exitCode, out.toString(), err.toString());
    }

    final Run ask(String... args) {
        return ask(rig, args);
    }

    static Run ask(ServerRig rig, String... args) {
        return run(Stream.concat(Stream.of(args), Stream.of("--server", "127.0.0.1:" + rig.server.port()))
                .toArray(String[]::new));
    }

    final String file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text).toString();
    }
}
