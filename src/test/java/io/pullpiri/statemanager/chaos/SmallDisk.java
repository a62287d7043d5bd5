package io.pullpiri.statemanager.chaos;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A file system in memory that can be filled to the last byte. Only root may have one. */
final class SmallDisk implements AutoCloseable {

    private static final int CHUNK = 4_096;

    private final Path path;
    private final Thread atExit = new Thread(this::unmount, "small-disk-at-exit");

    private SmallDisk(Path path) {
        this.path = path;
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /** Null if this user may not mount anything. */
    static @Nullable SmallDisk mount(int megabytes) {
        try {
            Path path = Files.createTempDirectory("small-disk-");
            String size = "size=" + megabytes + "m";
            if (run("mount", "-t", "tmpfs", "-o", size, "tmpfs", path.toString()) == 0) {
                return new SmallDisk(path);
            }
            Files.delete(path);
            System.out.println("left out: a full disk (only root may mount one)");
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path path() {
        return path;
    }

    /** Takes all the room that is left. */
    void fill() {
        try (OutputStream out = Files.newOutputStream(filler())) {
            byte[] chunk = new byte[CHUNK];
            while (true) {
                out.write(chunk);
            }
        } catch (IOException full) {
            // That was the aim.
        }
    }

    void makeRoom() throws IOException {
        Files.delete(filler());
    }

    private Path filler() {
        return path.resolve("filler");
    }

    private void unmount() {
        run("umount", "--lazy", path.toString());
        path.toFile().delete();
    }

    private static int run(String... command) {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            return -1; // there is no such program
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return -1;
        }
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(atExit);
        unmount();
    }
}
