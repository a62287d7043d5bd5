// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that is closed releases its threads and files. */
class StateManagerTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int TIMES = 5;

    @TempDir
    Path folder;

    @Test
    void closeOnSqlite_leavesNoThreadPortOrOpenFile() throws Exception {
        leavesNothing("sqlite:" + folder.resolve("states.db"));
    }

    @Test
    @Tag("etcd")
    void closeOnEtcd_leavesNoThreadPortOrOpenFile() throws Exception {
        try (EtcdServer etcd = EtcdServer.start()) {
            leavesNothing("etcd://" + etcd.endpoint());
        }
    }

    private static void leavesNothing(String store) throws Exception {
        // The first start loads libraries and fills pools, which stay until the process ends.
        startWorkAndStop(store);
        Await.until(
                SOON,
                () -> "the threads of the first: " + threads(),
                () -> !threads().containsKey("manager"));
        Map<String, Integer> threads = threads();
        long files = openFiles();
        for (int i = 0; i < TIMES; i++) {
            int port = startWorkAndStop(store);
            try (ServerSocket again = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                assertThat(again.isBound()).isTrue();
            }
        }
        // A leak would occur five times. A pool may have one thread more or less.
        Await.until(
                SOON, () -> "before " + threads + ", after " + threads(), () -> sum(threads()) < sum(threads) + TIMES);
        Await.until(SOON, () -> "files before " + files + ", after " + openFiles(), () -> openFiles() < files + TIMES);
    }

    private static int startWorkAndStop(String store) throws IOException {
        try (ServerRig rig = new ServerRig(store, "127.0.0.1:1", Map.of())) {
            rig.apply(ServerRig.BRAKING);
            var _ = rig.client().sendChangedContainerList(ServerRig.list("exited:1", "exited:1"));
            assertThat(rig.packageState("braking")).isEqualTo("Error");
            return rig.server.port();
        }
    }

    private static Map<String, Integer> threads() {
        Map<String, Integer> names = new TreeMap<>();
        Thread.getAllStackTraces().keySet().stream()
                .filter(Thread::isAlive)
                .forEach(thread -> names.merge(thread.getName().replaceAll("\\d+", "N"), 1, Integer::sum));
        return names;
    }

    private static int sum(Map<String, Integer> counts) {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }

    private static long openFiles() {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
