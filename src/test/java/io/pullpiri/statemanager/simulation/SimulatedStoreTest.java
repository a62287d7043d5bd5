// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.WatchContract;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;

/** The simulated store has the contract of the real ones. */
class SimulatedStoreTest extends WatchContract {

    private final ExecutorService messenger = Executors.newSingleThreadExecutor();
    private final StoreFaults fair = new StoreFaults() {

        @Override
        public long ticks() {
            return 0;
        }

        @Override
        public Fate fate() {
            return Fate.DONE;
        }

        @Override
        public boolean isReachable() {
            return true;
        }

        @Override
        public void carry(Object channel, Fate fate, Runnable message) {
            messenger.execute(message);
        }
    };

    @Override
    protected StateStore open() {
        return new SimulatedStore(fair, Sabotage.NONE, 128);
    }

    @Override
    protected void forgetHistory() {
        ((SimulatedStore) store).compact();
    }

    @AfterEach
    void stop() {
        messenger.shutdownNow();
    }
}
