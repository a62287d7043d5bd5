// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.chaos;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A folder on a file system in memory, which can be filled to the last byte. Only root can mount one; for other users it is an
 * ordinary folder.
 */
final class SmallDisk implements AutoCloseable {

    private static final int CHUNK = 4_096;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Path path;
    private final boolean mounted;
    private final Thread atExit = new Thread(this::destroy, "small-disk-at-exit");
    private int noticed;

    SmallDisk(int megabytes) {
        try {
            path = Files.createTempDirectory("small-disk-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        mounted = run("mount", "-t", "tmpfs", "-o", "size=" + megabytes + "m", "tmpfs", path.toString()) == 0;
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    Path path() {
        return path;
    }

    boolean canBeFilled() {
        return mounted;
    }

    /**
     * Uses all free space until {@link #makeRoom}, and gives the store some time to notice: it may have free space in its own
     * files.
     */
    void fill(BooleanSupplier isNoticed) throws IOException, InterruptedException {
        fill();
        long end = System.nanoTime() + PATIENCE.toNanos();
        boolean wasNoticed = isNoticed.getAsBoolean();
        while (!wasNoticed && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(20);
            wasNoticed = isNoticed.getAsBoolean();
        }
        noticed += wasNoticed ? 1 : 0;
    }

    private void fill() throws IOException {
        try (OutputStream out = Files.newOutputStream(filler())) {
            byte[] chunk = new byte[CHUNK];
            while (true) {
                out.write(chunk);
            }
        } catch (IOException e) {
            long left = Files.getFileStore(path).getUsableSpace();
            if (left > CHUNK) {
                throw new IOException("it is not full, there are " + left + " bytes left", e);
            }
        }
    }

    void makeRoom() throws IOException {
        Files.delete(filler());
    }

    private Path filler() {
        return path.resolve("filler");
    }

    /**
     * Returns facts about the full disk, as the end of a sentence.
     *
     * @throws IllegalStateException if the store never noticed it
     */
    String outcome() {
        if (mounted && noticed == 0) {
            throw new IllegalStateException("the full disk has refused nothing");
        }
        return mounted ? ", full disks noticed=" + noticed : ", disk full=left out: no root";
    }

    private void destroy() {
        if (mounted) {
            run("umount", "--lazy", path.toString());
        }
        try {
            MoreFiles.deleteRecursively(path, RecursiveDeleteOption.ALLOW_INSECURE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int run(String... command) {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            return -1; // the program does not exist
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return -1;
        }
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(atExit);
        destroy();
    }
}
