// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.Transaction.Write;
import io.pullpiri.statemanager.store.WatchContract;
import io.pullpiri.statemanager.testing.EtcdAdmin;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.WatchRecorder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The contract of the store with a real etcd. */
@Tag("etcd")
class EtcdStoreTest extends WatchContract {

    private static EtcdServer server;

    @BeforeAll
    static void startServer() {
        server = EtcdServer.start();
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @Override
    protected StateStore open() {
        EtcdAdmin.deleteAll(server.endpoint());
        return EtcdStore.open(List.of(server.endpoint()), TIMEOUT);
    }

    @Override
    protected void forgetHistory() {
        long newest = store.put("/x", "x");
        EtcdAdmin.compact(server.endpoint(), newest);
    }

    @Test
    void readOfManyPages_hasEveryKeyOnce() {
        Set<String> keys = new TreeSet<>();
        int count = 2 * EtcdStore.PAGE + 1;
        for (int from = 0; from < count; from += store.maxWrites()) {
            var writes = new ArrayList<Write>();
            for (int i = from; i < Math.min(count, from + store.maxWrites()); i++) {
                writes.add(put("/model/" + i, "x", 0));
                keys.add("/model/" + i);
            }
            commit(writes.toArray(Write[]::new));
        }
        assertThat(store.getAllWithPrefix("/model/"))
                .hasSize(count)
                .extracting(KeyValue::key)
                .containsOnlyOnceElementsOf(keys);
    }

    @Test
    void foreignKeysThatAreNotUtf8_doNotBreakAPrefixRead() {
        EtcdAdmin.put(server.endpoint(), new byte[] {'/', 'm', '/', (byte) 0xff, 1}, new byte[] {(byte) 0xfe});
        store.put("/m/a", "1");
        assertThat(store.getAllWithPrefix("/m/")).hasSize(2);
    }

    @Test
    void close_releasesTheThread() {
        store.watch(BOTH, 1, new WatchRecorder());
        assertThat(watchThreads()).isNotEmpty();
        store.close();
        assertThat(watchThreads()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "host", "host:", ":2379", "http://host:2379", "a:1,b:2", "host:2379/x", "::1:2379"})
    void endpoint_isHostAndPort(String endpoint) {
        assertThatThrownBy(() -> EtcdStore.open(List.of(endpoint), TIMEOUT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("HOST:PORT");
    }

    private static List<Thread> watchThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("etcd-watch"))
                .toList();
    }
}
