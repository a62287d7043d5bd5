// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.chaos;

import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** The embedded store. Its disk can become full where that is possible. */
final class OneFile implements Backing {

    private static final int DISK_MEGABYTES = 64;

    private final Random random;
    private final SmallDisk disk = new SmallDisk(DISK_MEGABYTES);
    private final Path file = disk.path().resolve("states.db");

    OneFile(Random random) {
        this.random = random;
    }

    @Override
    public String store() {
        return "sqlite:" + file;
    }

    @Override
    public StateStore open() {
        return SqliteStore.open(file);
    }

    @Override
    public Map<String, Strike> strikes(Requests requests) {
        return disk.canBeFilled() ? Map.of("disk full", () -> fill(requests)) : Map.of();
    }

    private void fill(Requests requests) throws Exception {
        disk.fill(() -> requests.isRefused("is full, or the disk is"));
        TimeUnit.MILLISECONDS.sleep(random.nextInt(3_000));
        disk.makeRoom();
    }

    @Override
    public String outcome() {
        return disk.outcome();
    }

    @Override
    public void close() {
        disk.close();
    }
}
