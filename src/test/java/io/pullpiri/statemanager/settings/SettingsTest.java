// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.cascade.Rules;
import io.pullpiri.statemanager.state.ExportedStateNames;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.ReconcileVia;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {

    private static final Path NO_FILE = Path.of("/nowhere/settings.yaml");
    private static final Map<String, String> WITH_STORE = Map.of("ROCKSDB_SERVICE_URL", "http://localhost:47007");

    @TempDir
    Path folder;

    @Test
    void noInput_givesTheDefaults() {
        assertThat(SettingsLoader.load(Map.of(), Map.of(), null, NO_FILE))
                .isEqualTo(new Settings(
                        new Settings.StoreLocation.Sqlite(Path.of("statemanager.db")),
                        "127.0.0.1",
                        47_006,
                        50_053,
                        47_016,
                        "127.0.0.1:47001",
                        new Rules(
                                Set.of(0, 143),
                                Duration.ofSeconds(3),
                                Duration.ofSeconds(30),
                                Duration.ofSeconds(15),
                                Rules.Vanished.EXITED,
                                Set.of(PackageState.ERROR),
                                false,
                                100),
                        null,
                        ReconcileVia.AUTO,
                        Duration.ofMinutes(5),
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(5),
                        "FAILED",
                        Duration.ofMinutes(5),
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(5),
                        10_000,
                        null,
                        ExportedStateNames.PULLPIRI,
                        null,
                        "info",
                        Path.of("/run/pullpirilog/logd.sock")));
    }

    @Test
    void sameSettingInSeveralPlaces_followsThePrecedence() throws IOException {
        Path file = file("port: 1\nfault-port: 2\nhost: 10.0.0.2\n");
        Path pullpiri = Files.writeString(folder.resolve("pullpiri.yaml"), "host:\n  name: HPC\n  ip: 10.0.0.1\n");
        Settings settings = SettingsLoader.load(
                Map.of(Setting.PORT, "5"),
                Map.of("STATEMANAGER_PORT", "3", "STATEMANAGER_FAULT_PORT", "off", "PATH", "/bin"),
                file,
                pullpiri);
        assertThat(settings.port()).isEqualTo(5);
        assertThat(settings.faultPort()).isNull();
        assertThat(settings.host()).isEqualTo("10.0.0.2");
        assertThat(SettingsLoader.load(Map.of(), Map.of(), null, pullpiri).actionController())
                .isEqualTo("10.0.0.1:47001");
    }

    @ParameterizedTest
    @CsvSource({"::1, [::1]", "[::1], [::1]", "fe80::1%eth0, [fe80::1%eth0]", "127.0.0.1, 127.0.0.1"})
    void ipv6AddressWithoutBrackets_getsThem(String given, String host) {
        Settings settings = SettingsLoader.load(Map.of(Setting.HOST, given), Map.of(), null, NO_FILE);
        assertThat(settings.host()).isEqualTo(host);
        assertThat(settings.actionController()).isEqualTo(host + ":47001");
    }

    @Test
    void settingsFile_acceptsNestedKeysListsAndEverySetting() throws IOException {
        Path file = file("""
                store: etcd://a:2379,b:2379
                reconcile: {on: [error, degraded], delay: 10s, current-status: unknown}
                container.vanish-grace: 500ms
                container: {clean-exit-codes: [0, 137]}
                model.vanished: keep
                state-names: protobuf
                action-controller: off
                """);
        Settings settings = SettingsLoader.load(Map.of(), Map.of(), file, NO_FILE);
        assertThat(settings.store()).isEqualTo(new Settings.StoreLocation.Etcd(List.of("a:2379", "b:2379")));
        assertThat(settings.rules())
                .isEqualTo(new Rules(
                        Set.of(0, 137),
                        Duration.ofMillis(500),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(15),
                        Rules.Vanished.KEEP,
                        Set.of(PackageState.ERROR, PackageState.DEGRADED),
                        true,
                        100));
        assertThat(settings.reconcileDelay()).isEqualTo(Duration.ofSeconds(10));
        assertThat(settings.reconcileCurrentStatus()).isEqualTo("UNKNOWN");
        assertThat(settings.actionController()).isNull();
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', textBlock = """
                    PORT                       | 65536       | --port: '65536' (from the command line; expected: 0..65535)
                    PORT                       | off         | --port: 'off' (from the command line; expected: 0..65535)
                    FAULT_PORT                 | x           | --fault-port: 'x' (from the command line; expected: 0..65535)
                    HTTP_PORT                  | on          | --http-port: 'on' (from the command line; expected: 0..65535)
                    PULLPIRI_STORE             | a:1         | --pullpiri-store: 'a:1' (from the command line; expected: a URL such as http://127.0.0.1:47007, or off)
                    PULLPIRI_STORE_STATE_NAMES | rust        | --pullpiri-store-state-names: 'rust' (from the command line; expected: one of pullpiri, title, protobuf)
                    LOG_SERVICE                | ''          | --log-service: '' (from the command line; expected: the path of a socket, at most 107 bytes, or off)
                    TRACING_ENDPOINT           | 127.0.0.1   | --tracing-endpoint: '127.0.0.1' (from the command line; expected: a URL such as http://127.0.0.1:4318, or off)
                    STORE                      | mysql:x     | --store: 'mysql:x' (from the command line; expected: sqlite:PATH, or etcd://host:port[,host:port...])
                    STORE                      | etcd://a    | --store: 'a' (from the command line; expected: HOST:PORT or [IPv6]:PORT; a name has only letters, digits, '-' and '.'; a port is 1..65535)
                    ACTION_CONTROLLER          | host        | --action-controller: 'host' (from the command line; expected: HOST:PORT or [IPv6]:PORT; a name has only letters, digits, '-' and '.'; a port is 1..65535)
                    STATE_NAMES                | upper       | --state-names: 'upper' (from the command line; expected: one of title, protobuf)
                    RECONCILE_ON               | running     | --reconcile-on: 'running' (from the command line; expected: error, degraded, or both)
                    RECONCILE_RESYNC           | 0s          | --reconcile-resync: '0s' (from the command line; expected: more than 0s, at most 24h)
                    CONTAINER_VANISH_GRACE     | 3           | --container-vanish-grace: '3' (from the command line; expected: a time such as 500ms, 3s, 1m or PT3S)
                    CONTAINER_CLEAN_EXIT_CODES | 0,256       | --container-clean-exit-codes: '256' (from the command line; expected: 0..255)
                    MODEL_VANISHED             | gone        | --model-vanished: 'gone' (from the command line; expected: one of exited, dead, keep)
                    HOST                       | zone:1      | --host: 'zone:1' (from the command line; expected: a host name or an address)
                    HOST                       | a b         | --host: 'a b' (from the command line; expected: a host name or an address)
                    """)
    void invalidValue_isReportedWithItsOriginAndTheExpectation(Setting setting, String value, String message) {
        assertThatThrownBy(() -> SettingsLoader.load(Map.of(setting, value), Map.of(), null, NO_FILE))
                .isInstanceOf(SettingsException.class)
                .hasMessage(message);
    }

    @Test
    void variableOfPullpiri_isUsedUnlessTheSettingIsGiven() throws IOException {
        Map<String, String> variable = Map.of("ROCKSDB_SERVICE_URL", "http://localhost:47007/");
        assertThat(SettingsLoader.load(Map.of(), variable, null, NO_FILE).pullpiriStore())
                .isEqualTo("localhost:47007");
        assertThat(SettingsLoader.load(Map.of(), variable, file("pullpiri-store: off"), NO_FILE)
                        .pullpiriStore())
                .isNull();
        assertThat(SettingsLoader.load(Map.of(Setting.PULLPIRI_STORE, "http://10.0.0.1:1"), variable, null, NO_FILE)
                        .pullpiriStore())
                .isEqualTo("10.0.0.1:1");
        assertThat(SettingsLoader.load(Map.of(), Map.of("ROCKSDB_SERVICE_URL", ""), null, NO_FILE)
                        .pullpiriStore())
                .isNull();
        assertThatThrownBy(() -> SettingsLoader.load(Map.of(), Map.of("ROCKSDB_SERVICE_URL", "x"), null, NO_FILE))
                .hasMessage("ROCKSDB_SERVICE_URL: 'x' (from the environment; expected: a URL such as"
                        + " http://127.0.0.1:47007, or off)");
    }

    private Path pullpiri(String text) throws IOException {
        return Files.writeString(folder.resolve("pullpiri.yaml"), text);
    }

    @Test
    void addressOfPullpiri_isUsedWithAndWithoutItsStore() throws IOException {
        Path pullpiri = pullpiri("host: {ip: 10.0.0.1}");
        List<String> warnings = new ArrayList<>();
        assertThat(SettingsLoader.load(Map.of(), WITH_STORE, null, pullpiri, warnings::add))
                .extracting(Settings::host, Settings::actionController)
                .containsExactly("10.0.0.1", "10.0.0.1:47001");
        assertThat(SettingsLoader.load(Map.of(), Map.of(), null, pullpiri, warnings::add)
                        .host())
                .isEqualTo("10.0.0.1");
        assertThat(warnings).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
                    'host: {ip: [}'      | 'line 1'
                    'host: {name: HPC}'  | 'has no host.ip'
                    'host: {ip: 10}'     | 'has no host.ip'
                    'host: {ip: a b}'    | 'host.ip: ''a b'' (from'
                    ''                   | 'has no host.ip'
                    """)
    void brokenSettingsOfPullpiri_withItsStore_areAWarningAndAllInterfaces(String text, String problem)
            throws IOException {
        Path pullpiri = pullpiri(text);
        List<String> warnings = new ArrayList<>();
        Settings settings = SettingsLoader.load(Map.of(), WITH_STORE, null, pullpiri, warnings::add);
        assertThat(settings.host()).isEqualTo("0.0.0.0");
        assertThat(settings.actionController()).isEqualTo("127.0.0.1:47001");
        assertThat(warnings)
                .singleElement()
                .asString()
                .contains(pullpiri.toString(), problem, "; listening on all interfaces, as Pullpiri's components do");
    }

    @Test
    void missingSettingsOfPullpiri_withItsStore_areAWarningAndAllInterfaces() {
        List<String> warnings = new ArrayList<>();
        assertThat(SettingsLoader.load(Map.of(), WITH_STORE, null, NO_FILE, warnings::add)
                        .host())
                .isEqualTo("0.0.0.0");
        assertThat(warnings)
                .containsExactly(NO_FILE + ": no such file; listening on all interfaces, as Pullpiri's components do"
                        + " (expected: host.ip, the address of the vehicle's network, in this file or in --host)");
    }

    @Test
    void givenHost_winsOverBrokenSettingsOfPullpiri() throws IOException {
        Path pullpiri = pullpiri("host: {ip: [}");
        List<String> warnings = new ArrayList<>();
        assertThat(SettingsLoader.load(Map.of(Setting.HOST, "127.0.0.1"), WITH_STORE, null, pullpiri, warnings::add)
                        .host())
                .isEqualTo("127.0.0.1");
        assertThat(SettingsLoader.load(Map.of(), WITH_STORE, file("host: 10.0.0.7"), pullpiri, warnings::add)
                        .host())
                .isEqualTo("10.0.0.7");
        assertThat(warnings).isEmpty();
    }

    @Test
    void brokenSettingsOfPullpiri_withoutItsStore_areAnError() throws IOException {
        Path pullpiri = pullpiri("host: {ip: [}");
        assertThatThrownBy(() -> SettingsLoader.load(Map.of(), Map.of(), null, pullpiri))
                .isInstanceOf(SettingsException.class)
                .hasMessageStartingWith(pullpiri + ": ");
        Map<Setting, String> off = Map.of(Setting.PULLPIRI_STORE, "off");
        assertThatThrownBy(() -> SettingsLoader.load(off, WITH_STORE, null, pullpiri))
                .isInstanceOf(SettingsException.class);
        assertThat(SettingsLoader.load(off, WITH_STORE, null, NO_FILE).host()).isEqualTo("127.0.0.1");
    }

    @Test
    void unknownSetting_isAnError() throws IOException {
        Path file = file("reconcile: {no: [error]}");
        assertThatThrownBy(() -> SettingsLoader.load(Map.of(), Map.of(), file, NO_FILE))
                .hasMessage("reconcile.no: no such setting (in " + file + "); did you mean reconcile.on?");
        assertThatThrownBy(() -> SettingsLoader.load(Map.of(), Map.of("STATEMANAGER_PROT", "1"), null, NO_FILE))
                .hasMessage("STATEMANAGER_PROT: no such setting (in the environment); did you mean STATEMANAGER_PORT?");
        assertThatThrownBy(() -> SettingsLoader.load(Map.of(), Map.of(), NO_FILE, NO_FILE))
                .hasMessage(NO_FILE + ": no such file");
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("settings.yaml"), text);
    }
}
