// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class SqliteManagerTest extends ManagerContract {

    @TempDir
    Path folder;

    @Override
    StateStore openStore() {
        return SqliteStore.open(folder.resolve("states.db"));
    }
}
