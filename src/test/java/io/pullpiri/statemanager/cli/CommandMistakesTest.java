// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.net.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Wrong calls, and calls without a server. */
class CommandMistakesTest extends CommandRig {

    @Test
    void unreachableServer_isReportedWithItsAddressAndARemedy() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }

        Run run = run("get", "packages", "--server", "127.0.0.1:" + free);

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err())
                .startsWith("error: no StateManager can be reached at 127.0.0.1:" + free + ": Connection refused\n")
                .contains("--server HOST:PORT");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "get packages",
                "watch",
                "wait package a --for=idle",
                "history package a",
                "apply -f examples/adas.yaml"
            })
    void httpPortAsServerAddress_isRecognized(String command) {
        String address = "127.0.0.1:" + rig.server.httpPort();

        Run run = run((command + " --server " + address).split(" ", -1));

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err())
                .startsWith("error: the server at " + address + " speaks HTTP, and the command line needs gRPC")
                .contains("--server HOST:PORT (setting port, 47006 unless set)");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            zzz                               | Commands are apply, delete, forget, reconcile, mirror, get, describe, history, watch, wait, demo,
            get                               | Missing required parameter: 'KIND'
            get pakages                       | 'pakages' (expected: packages, models, scenarios or nodes)
            get packages -o xml               | expected one of [table, json, yaml]
            get packages --server nowhere     | --server: 'nowhere' (expected: HOST:PORT or [IPv6]:PORT
            get packages --sever x:1          | Unknown option
            apply                             | Missing required option
            demo --duration 0s                | '0s' (expected: a time such as 30s or 2m, at most 24h)
            demo --duration soon              | 'soon' (expected: a time such as 30s or 2m, at most 24h)
            serve --port 70000                | --port: '70000'
            serve --store ftp://x             | --store: 'ftp://x'
            serve --config /no/such/file      | /no/such/file
            serve --host nonsense.invalid     | host: 'nonsense.invalid' (expected: an address of this machine
            serve --reconcile-on sometimes    | 'sometimes'
            """)
    void userError_isOneLineWithTheExpectation(String args, String message) {
        Run run = run(args.split(" ", -1));

        assertThat(run.exitCode()).isNotZero();
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("error: ").contains(message).doesNotContain("\tat ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"nohost:99999", "host:0", "host", "host:", ":47006", "a_b:1", "me@host:1", "host:1/path", ""})
    void invalidAddress_isAUsageError(String address) {
        assertThat(run("watch", "--server", address))
                .isEqualTo(new Run(
                        2,
                        "",
                        "error: --server: '" + address + "' (expected: " + Endpoint.EXPECTED + ")\n"
                                + "See 'statemanager watch --help'.\n"));
    }

    @ParameterizedTest
    @CsvSource({"--help, Usage: statemanager", "serve --help, --action-controller", "--version, statemanager 0.1.0"})
    void help_goesToStandardOutput(String args, String text) {
        Run run = run(args.split(" ", -1));

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains(text);
        assertThat(run.err()).isEmpty();
    }

    @Test
    void callWithoutArguments_isAnErrorThatShowsTheUsage() {
        assertThat(run().exitCode()).isEqualTo(2);
        assertThat(run().err()).startsWith("Usage: statemanager");
    }
}
