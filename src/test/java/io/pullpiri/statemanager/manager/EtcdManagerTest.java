// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.etcd.EtcdStore;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.EtcdServer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@Tag("etcd")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EtcdManagerTest extends ManagerContract {

    private EtcdServer etcd;

    @BeforeAll
    void startEtcd() {
        etcd = EtcdServer.start();
    }

    @AfterAll
    void stopEtcd() {
        etcd.close();
    }

    @BeforeEach
    @Override
    void setUp() throws Exception {
        etcd.stop();
        etcd.wipe();
        etcd.restart();
        super.setUp();
    }

    @Override
    StateStore openStore() {
        return EtcdStore.open(List.of(etcd.endpoint()), Duration.ofSeconds(5));
    }

    @Test
    void etcdCrash_isSurvived() {
        Await.until(SOON, () -> "ready", manager::isReady);
        etcd.kill();
        CommandResult away = manager.submit(
                        new Command.ModelChange("brake", ModelState.DEAD, "id", "test"), Duration.ofSeconds(1))
                .join();
        assertThat(away).isInstanceOf(CommandResult.NotDurableYet.class);
        etcd.restart();
        Await.until(
                SOON,
                () -> "a change is accepted again",
                () -> manager.submit(
                                        new Command.ModelChange("brake", ModelState.PAUSED, "id", "test"),
                                        Duration.ofSeconds(1))
                                .join()
                        instanceof CommandResult.Done);
        assertThat(store.get(Keys.modelState("brake")).orElseThrow().value()).isEqualTo("Paused");
        store.put(Keys.modelState("brake"), "Dead");
        Await.until(
                SOON,
                () -> "the watch continues: " + manager.view().modelState("brake"),
                () -> manager.view().modelState("brake") == ModelState.DEAD);
    }

    @Test
    void serverStartedBeforeEtcd_becomesReady() throws Exception {
        tearDown();
        etcd.stop();
        start(10);
        assertThat(manager.isReady()).isFalse();
        etcd.restart();
        assertThat(manager.submit(
                                new Command.ModelChange("brake", ModelState.DEAD, "id", "test"), Duration.ofSeconds(5))
                        .join())
                .isInstanceOf(CommandResult.Done.class);
    }
}
