package io.pullpiri.statemanager.chaos;

import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The embedded store, on a disk that can become full where that is possible. */
final class OneFile implements Backing {

    private static final int DISK_MEGABYTES = 64;

    private final Random random;
    private final @Nullable SmallDisk disk = SmallDisk.mount(DISK_MEGABYTES);
    private final Path file;

    OneFile(Random random) {
        this.random = random;
        try {
            file = (disk == null ? Files.createTempDirectory("chaos-") : disk.path()).resolve("states.db");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
    public Map<String, Strike> strikes() {
        SmallDisk full = disk;
        return full == null
                ? Map.of()
                : Map.of("disk full", () -> {
                    full.fill();
                    TimeUnit.MILLISECONDS.sleep(random.nextInt(3_000));
                    full.makeRoom();
                });
    }

    @Override
    public void close() {
        if (disk != null) {
            disk.close();
        }
    }
}
