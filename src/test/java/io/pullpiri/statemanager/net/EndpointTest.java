// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.cli.Main;
import io.pullpiri.statemanager.grpc.ActionControllerClient;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.settings.Settings;
import io.pullpiri.statemanager.settings.SettingsLoader;
import io.pullpiri.statemanager.store.etcd.EtcdStore;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every setting and option that takes an address accepts and rejects the same ones. */
class EndpointTest {

    private static final Path NO_FILE = Path.of("/nowhere/settings.yaml");
    private static final Duration TIMEOUT = Duration.ofSeconds(1);

    @ParameterizedTest
    @CsvSource({
        "localhost:47006, localhost",
        "127.0.0.1:1, 127.0.0.1",
        "[::1]:65535, ::1",
        "[::ffff:127.0.0.1]:2379, ::ffff:127.0.0.1",
        "[fe80::1%lo]:2379, fe80::1%lo",
        "etcd-0.zone.example:2379, etcd-0.zone.example",
        "host.:1, host.",
        "unix:1, unix",
        "dns:53, dns",
    })
    void validAddress_isAcceptedByEverySetting(String text, String host) throws Exception {
        assertThat(Endpoint.parse(text)).hasValueSatisfying(address -> {
            assertThat(address.getHost()).isEqualTo(host);
            assertThat(address).hasToString(text);
        });
        assertThat(load(Setting.ACTION_CONTROLLER, text).actionController()).isEqualTo(text);
        assertThat(load(Setting.STORE, "etcd://" + text + ",127.0.0.1:2379").store())
                .isEqualTo(new Settings.StoreLocation.Etcd(List.of(text, "127.0.0.1:2379")));
        assertThat(load(Setting.TRACING_ENDPOINT, "http://" + text).tracingEndpoint())
                .isEqualTo("http://" + text);
        new ActionControllerClient(text, "FAILED").close();
        EtcdStore.open(List.of("127.0.0.1:1", text), TIMEOUT).close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "host",
                "host:",
                ":47006",
                "host:0",
                "host:99999",
                "host:-1",
                "host:+1",
                "host:1x",
                "host:1/path",
                "http://host:1",
                "me@host:1",
                "ho st:1",
                "a_b:1",
                "-a:1",
                "a..b:1",
                "1.2.3:1",
                "h\u00f6st:1",
                "::1:2379",
                "[::1]",
                "[::1]:",
                "[host]:1",
                "a:1,b:2"
            })
    void invalidAddress_isRejectedByEverySetting(String text) {
        String expected = "'" + text + "' (expected: " + Endpoint.EXPECTED + ")";
        String setting = "'" + text + "' (from the command line; expected: " + Endpoint.EXPECTED + ")";

        assertThat(Endpoint.parse(text)).isEmpty();
        assertThatThrownBy(() -> Endpoint.targetPath(text)).hasMessage(expected);
        assertThatThrownBy(() -> EtcdStore.open(List.of(text), TIMEOUT)).hasMessage(expected);
        if (!text.isEmpty()) { // an empty action-controller means its default
            assertThatThrownBy(() -> load(Setting.ACTION_CONTROLLER, text))
                    .hasMessage("--action-controller: " + setting);
        }
        if (!text.contains(",")) { // separates the members
            assertThatThrownBy(() -> load(Setting.STORE, "etcd://" + text)).hasMessage("--store: " + setting);
        }
        assertThat(get(text)).isEqualTo("error: --server: " + expected + "\nSee 'statemanager get --help'.\n");
    }

    @ParameterizedTest
    @CsvSource({"host, true", "[::1], true", "host:1, true", "host:, false", "host:0, false", "::1, false", "'', false"
    })
    void portOfTracingEndpoint_mayBeAbsent(String address, boolean valid) {
        String url = "http://" + address;
        assertThat(Endpoint.parseWithOptionalPort(address).isPresent()).isEqualTo(valid);
        if (valid) {
            assertThat(load(Setting.TRACING_ENDPOINT, url).tracingEndpoint()).isEqualTo(url);
        } else {
            assertThatThrownBy(() -> load(Setting.TRACING_ENDPOINT, url))
                    .hasMessage("--tracing-endpoint: '" + url
                            + "' (from the command line; expected: a URL such as http://127.0.0.1:4318, or off)");
        }
    }

    @Test
    void ipv6Server_isConnectedTo() {
        assertThat(get("[::1]:1")).startsWith("error: no StateManager can be reached at [::1]:1: ");
    }

    private static Settings load(Setting setting, String text) {
        return SettingsLoader.load(Map.of(setting, text), Map.of(), null, NO_FILE);
    }

    private static String get(String server) {
        StringWriter err = new StringWriter();
        Main.run(
                new PrintWriter(new StringWriter(), true),
                new PrintWriter(err, true),
                "get",
                "packages",
                "--server",
                server);
        return err.toString();
    }
}
