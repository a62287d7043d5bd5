// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.testing.FakeRocksDbService;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What happens when the service ends and comes back. */
class PullpiriStoreOutageTest {

    @Test
    void serviceThatReturns_isReachedByTheNextCall() throws Exception {
        FakeRocksDbService service = FakeRocksDbService.start();
        try (PullpiriStore store = new PullpiriStore(service.address(), Duration.ofSeconds(20))) {
            store.write(Map.of("/a", "1"));
            service.close();
            for (int i = 0; i < 5; i++) { // gRPC's own pause between two connects grows
                assertThatThrownBy(() -> store.read("/a")).isInstanceOf(PullpiriStoreException.class);
            }
            try (FakeRocksDbService again = FakeRocksDbService.start(service.port(), service.database)) {
                assertThat(again.database).containsKey("/a");
                assertThat(store.read("/a")).contains("1");
            }
        }
    }
}
