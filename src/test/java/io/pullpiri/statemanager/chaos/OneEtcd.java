// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.chaos;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.etcd.EtcdStore;
import io.pullpiri.statemanager.testing.Cable;
import io.pullpiri.statemanager.testing.EtcdAdmin;
import io.pullpiri.statemanager.testing.EtcdAuth;
import io.pullpiri.statemanager.testing.EtcdServer;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** An etcd of one member that is reached through a cable. Its disk can become full where that is possible. */
final class OneEtcd implements Backing {

    private static final int DISK_MEGABYTES = 512;

    private final Random random;
    private final SmallDisk disk = new SmallDisk(DISK_MEGABYTES);
    private final EtcdServer etcd;
    private final Cable cable;
    private final EtcdAuth auth;
    private int users;

    OneEtcd(Random random) {
        this.random = random;
        etcd = EtcdServer.startOn(disk.path(), "--quota-backend-bytes", "8589934592");
        cable = new Cable(etcd.port());
        auth = new EtcdAuth(etcd.endpoint());
    }

    @Override
    public String store() {
        return "etcd://" + cable.endpoint();
    }

    String endpoint() {
        return etcd.endpoint();
    }

    @Override
    public StateStore open() {
        return EtcdStore.open(List.of(etcd.endpoint()), Duration.ofSeconds(10));
    }

    @Override
    public Map<String, Strike> strikes(Requests requests) {
        Map<String, Strike> strikes = new LinkedHashMap<>();
        strikes.put("etcd killed", () -> {
            sleep(300);
            if (random.nextBoolean()) {
                cable.mute(); // new connections get no data, as if the machine were off
            }
            etcd.kill();
            sleep(500);
            etcd.restart();
            cable.join();
        });
        strikes.put("etcd frozen", () -> {
            etcd.pause();
            sleep(8_000);
            etcd.resume();
        });
        strikes.put("cable cut", () -> {
            cable.cut();
            cable.join();
        });
        strikes.put("cable slow", () -> {
            cable.delay(Duration.ofMillis(random.nextInt(300)));
            TimeUnit.SECONDS.sleep(1);
            cable.join();
        });
        strikes.put("cable half open", () -> {
            cable.hang();
            sleep(8_000);
            cable.join();
        });
        strikes.put("compacted", this::compact);
        strikes.put("quota exceeded", () -> {
            EtcdAdmin.raiseSpaceAlarm(etcd.endpoint());
            sleep(3_000);
            compact();
            EtcdAdmin.makeRoom(etcd.endpoint());
        });
        strikes.put("authentication enabled", () -> {
            auth.enable();
            sleep(3_000);
            auth.disable();
        });
        strikes.put("users and roles changed", () -> {
            auth.addUser("user-" + users++);
            auth.enable();
            sleep(500);
            auth.changeRoles("role-" + users++);
            sleep(500);
            auth.disable();
            auth.changeRoles("role-" + users++);
        });
        if (disk.canBeFilled()) {
            strikes.put("disk full", this::fillDisk);
        }
        return strikes;
    }

    void compact() {
        try (StateStore store = open()) {
            EtcdAdmin.compact(etcd.endpoint(), store.snapshot(List.of()).revision());
        } catch (StatusRuntimeException e) {
            // Nothing has changed since the last compaction.
            if (e.getStatus().getCode() != Status.Code.OUT_OF_RANGE) {
                throw e;
            }
        }
    }

    /** etcd exits when it cannot write, which is after it has used its preallocated space. */
    private void fillDisk() throws IOException, InterruptedException {
        disk.fill(() -> !etcd.isAlive());
        sleep(3_000);
        disk.makeRoom();
        // It may be exiting by itself.
        TimeUnit.SECONDS.sleep(1);
        if (!etcd.isAlive()) {
            etcd.restart();
        }
    }

    private void sleep(int mostMillis) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(random.nextInt(mostMillis));
    }

    @Override
    public String outcome() {
        return disk.outcome();
    }

    /** Closes each, even if another one fails. */
    @Override
    public void close() {
        try (SmallDisk _ = disk;
                EtcdServer _ = etcd;
                EtcdAuth _ = auth) {
            cable.close();
        }
    }
}
