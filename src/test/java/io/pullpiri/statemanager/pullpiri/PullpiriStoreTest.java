// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import io.pullpiri.statemanager.testing.FakeRocksDbService;
import java.io.IOException;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/** Checks the contract on the test double, or on a real service where ROCKSDB_SERVICE_URL names one. */
class PullpiriStoreTest extends PullpiriStoreContract {

    private static final String REAL_SERVICE = System.getenv().getOrDefault("ROCKSDB_SERVICE_URL", "");

    private final @Nullable FakeRocksDbService service = REAL_SERVICE.isEmpty() ? FakeRocksDbService.start() : null;

    PullpiriStoreTest() throws IOException {}

    @Override
    String address() {
        return service == null ? URI.create(REAL_SERVICE).getAuthority() : service.address();
    }

    @Override
    void stop() {
        if (service != null) {
            service.close();
        }
    }
}
