// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.sqlite;

import io.pullpiri.statemanager.store.StoreUnavailableException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** Checks the path of the database before SQLite opens it, because SQLite's own error does not say what is wrong. */
final class DatabasePath {

    private static final String OWNER_ONLY = "rw-------";

    /** The database, and the files that SQLite keeps beside it. */
    private static final List<String> SUFFIXES = List.of("", "-wal", "-shm");

    private DatabasePath() {}

    /**
     * Creates the file if it is missing, readable and writable by its owner only. SQLite gives the same mode to the files
     * beside it. A missing folder is not created.
     *
     * @throws StoreUnavailableException if the file cannot be used; the message names the file, the cause and the remedy
     */
    static void prepare(Path file) {
        Path folder = file.getParent();
        if (folder == null || Files.isDirectory(file)) {
            throw new StoreUnavailableException("store " + file + ": is a folder (expected: a file)");
        }
        if (Files.notExists(folder)) {
            throw new StoreUnavailableException("store %s: the folder %s does not exist (create it: mkdir -p '%s')"
                    .formatted(file, folder, folder));
        }
        if (!Files.isDirectory(folder)) {
            throw new StoreUnavailableException("store " + file + ": "
                    + (Files.exists(folder)
                            ? folder + " is a file (expected: a folder)"
                            : "no permission: this user may not enter a folder above " + folder));
        }
        if (Files.isSymbolicLink(file) && Files.notExists(file)) {
            throw new StoreUnavailableException("store " + file
                    + ": is a link to a file that does not exist (remove the link, or create the file)");
        }
        requireAccess(file, folder);
        for (String suffix : SUFFIXES) {
            Path existing = file.resolveSibling(file.getFileName() + suffix);
            if (Files.exists(existing, LinkOption.NOFOLLOW_LINKS)) {
                requireAccess(file, existing);
            }
        }
        create(file);
    }

    private static void create(Path file) {
        try {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(OWNER_ONLY)));
        } catch (FileAlreadyExistsException e) {
            // An existing file keeps its mode.
            return;
        } catch (IOException e) {
            throw new StoreUnavailableException("store " + file + ": cannot be created: " + e, e);
        }
    }

    /** @throws StoreUnavailableException if this process may not read and write the needed file or folder */
    private static void requireAccess(Path file, Path needed) {
        boolean folder = Files.isDirectory(needed);
        if (Files.isReadable(needed) && Files.isWritable(needed) && (!folder || Files.isExecutable(needed))) {
            return;
        }
        String what = needed.equals(file) ? "the file" : (folder ? "the folder " : "") + needed;
        throw new StoreUnavailableException(
                "store %s: no permission: %s".formatted(file, permissionProblem(what, needed, folder)));
    }

    private static String permissionProblem(String what, Path needed, boolean folder) {
        try {
            if (Files.getFileStore(needed).isReadOnly()) {
                return what + " is on a read-only file system (choose another path)";
            }
            PosixFileAttributes attributes = Files.readAttributes(needed, PosixFileAttributes.class);
            String owner = attributes.owner().getName();
            String user = user();
            String mode = PosixFilePermissions.toString(attributes.permissions());
            if (!owner.equals(user)) {
                return "%s belongs to another user, %s, with mode %s (run this as %s, or: chown %s '%s')"
                        .formatted(what, owner, mode, owner, user, needed);
            }
            return "%s is yours but has the mode %s (chmod u+%s '%s')"
                    .formatted(what, mode, folder ? "rwx" : "rw", needed);
        } catch (IOException e) {
            return what + " cannot be examined: " + e;
        }
    }

    /** Returns the name of the user that this process runs as. */
    private static String user() throws IOException {
        return Files.getOwner(Path.of("/proc/self")).getName();
    }
}
