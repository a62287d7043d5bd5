// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.sqlite;

import io.pullpiri.statemanager.store.StoreUnavailableException;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteJDBCLoader;
import org.sqlite.util.LibraryLoaderUtil;
import org.sqlite.util.OSInfo;

/**
 * Loads SQLite's native library (see docs/decisions/0016). The driver would unpack it into the shared temporary folder at
 * every start, and a killed process would leave it there.
 *
 * <p>The build puts the library beside the jar, from where it is loaded. Without it, the library is unpacked into a private
 * folder, which is deleted as soon as the library is loaded. The next start deletes the folder of a process that was killed in
 * between.
 */
final class NativeLibrary {

    private static final Logger LOG = LoggerFactory.getLogger(NativeLibrary.class);

    /** Settings of the driver. If an operator sets them, they take precedence. */
    private static final String PATH = "org.sqlite.lib.path";

    private static final String TEMPORARY = "org.sqlite.tmpdir";

    private static final String PREFIX = "statemanager-sqlite-";
    private static final Pattern PID = Pattern.compile(PREFIX + "(\\d{1,18})-");

    /** A folder older than this is not in use, because unpacking takes milliseconds. A new process may have its number. */
    private static final Duration MAX_AGE = Duration.ofMinutes(10);

    private NativeLibrary() {}

    /**
     * Loads the library, once for the process.
     *
     * @throws StoreUnavailableException if it cannot be loaded; the message says which setting names another folder
     */
    static synchronized void load() {
        if (System.getProperty(PATH) != null || System.getProperty(TEMPORARY) != null) {
            initialize();
            return;
        }
        Path beside = besideTheJar();
        if (beside != null) {
            System.setProperty(PATH, beside.toString());
            initialize();
            return;
        }
        unpack(Path.of(System.getProperty("java.io.tmpdir")));
    }

    private static void unpack(Path temporary) {
        deleteAbandoned(temporary);
        Path folder;
        try {
            String prefix = PREFIX + ProcessHandle.current().pid() + "-";
            folder = Files.createTempDirectory(temporary, prefix); // only its owner may enter
        } catch (IOException e) {
            throw new StoreUnavailableException(
                    "SQLite's library cannot be unpacked in %s (name another folder: -Djava.io.tmpdir): %s"
                            .formatted(temporary, e),
                    e);
        }
        System.setProperty(TEMPORARY, folder.toString()); // says also that the library is loaded
        try {
            initialize();
        } catch (StoreUnavailableException e) {
            System.clearProperty(TEMPORARY);
            throw e;
        } finally {
            delete(folder);
        }
    }

    private static void initialize() {
        try {
            boolean _ = SQLiteJDBCLoader.initialize();
        } catch (Exception e) {
            throw new StoreUnavailableException(
                    "SQLite's library cannot be loaded (name a folder from which programs may run: -Djava.io.tmpdir): "
                            + e.getMessage(),
                    e);
        }
    }

    /**
     * Returns the folder beside the jar with the library of this version for this machine; null if there is none. The jar is found
     * by a resource. A class from the class cache does not know its location if the program starts in another folder than the one
     * where the cache was made.
     */
    private static @Nullable Path besideTheJar() {
        URL self = NativeLibrary.class.getResource(NativeLibrary.class.getSimpleName() + ".class");
        try {
            if (self != null && self.openConnection() instanceof JarURLConnection jar) {
                Path folder = Path.of(jar.getJarFileURL().toURI()).getParent();
                return folder == null ? null : in(folder);
            }
        } catch (IOException | URISyntaxException | IllegalArgumentException e) {
            LOG.debug("not started from a file", e);
        }
        return null;
    }

    /** Returns the folder within {@code folder} that has the library; null if there is none. */
    static @Nullable Path in(Path folder) {
        Path library = folder.resolve("sqlite-" + SQLiteJDBCLoader.getVersion())
                .resolve(OSInfo.getNativeLibFolderPathForCurrentOS());
        return Files.isReadable(library.resolve(LibraryLoaderUtil.getNativeLibName())) ? library : null;
    }

    /** Deletes the folders of StateManager processes that were killed while they unpacked. */
    static void deleteAbandoned(Path temporary) {
        try (Stream<Path> entries = Files.list(temporary)) {
            List<Path> ours = entries.filter(
                            entry -> entry.getFileName().toString().startsWith(PREFIX))
                    .filter(NativeLibrary::isAbandoned)
                    .toList();
            ours.forEach(NativeLibrary::delete);
        } catch (IOException e) {
            LOG.debug("{} cannot be listed", temporary, e);
        }
    }

    private static boolean isAbandoned(Path folder) {
        try {
            return Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                    && (!isRunning(folder.getFileName().toString())
                            || Files.getLastModifiedTime(folder)
                                    .toInstant()
                                    .isBefore(Instant.now().minus(MAX_AGE)));
        } catch (IOException e) {
            return false; // another start has deleted it
        }
    }

    /** Returns whether the process that the folder is named after runs, unless it is this one: in a container, numbers repeat. */
    private static boolean isRunning(String folder) {
        Matcher matcher = PID.matcher(folder);
        if (!matcher.lookingAt()) {
            return false;
        }
        long pid = Long.parseLong(matcher.group(1));
        return pid != ProcessHandle.current().pid() && ProcessHandle.of(pid).isPresent();
    }

    /** Deletes a folder with its files. Folders of other users stay, because this process may not enter them. */
    private static void delete(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            LOG.debug("{} cannot be deleted", folder, e);
        }
    }
}
