// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.store.StoreUnavailableException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.sqlite.SQLiteConfig;

/** Which paths a database may have, and the messages for the others. */
class DatabasePathTest {

    @TempDir
    Path folder;

    @Test
    void newDatabase_isPrivateToItsOwnerWithAllFilesBesideIt() throws IOException {
        try (SqliteStore store = SqliteStore.open(folder.resolve("states.db"))) {
            var _ = store.put("/model/a", "1");
            try (Stream<Path> files = Files.list(folder)) {
                assertThat(files.toList())
                        .contains(folder.resolve("states.db"), folder.resolve("states.db-wal"))
                        .allSatisfy(file -> assertThat(mode(file)).isEqualTo("rw-------"));
            }
        }
    }

    @Test
    void existingDatabase_keepsItsMode() throws IOException {
        Path file = Files.createFile(folder.resolve("states.db"));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        SqliteStore.open(file).close();
        assertThat(mode(file)).isEqualTo("rw-r-----");
    }

    @Test
    void missingFolder_isNamedAndNotCreated() {
        Path file = folder.resolve("typo/states.db");
        assertThatThrownBy(() -> SqliteStore.open(file))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessage("store %s: the folder %s does not exist (create it: mkdir -p '%s')"
                        .formatted(file, file.getParent(), file.getParent()));
        assertThat(file.getParent()).doesNotExist();
    }

    @Test
    void linkToAMissingFile_isNamedAsSuch() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("states.db"), folder.resolve("typo/states.db"));
        assertThatThrownBy(() -> SqliteStore.open(link))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessage("store " + link
                        + ": is a link to a file that does not exist (remove the link, or create the file)");
    }

    @Test
    void missingPermission_isReportedWithTheOwnerAndARemedy() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path open = Files.createDirectory(folder.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path closed = Files.createDirectory(folder.resolve("closed"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));

        // The test's user, which may be root, owns the folder. /etc/passwd belongs to root, and only root may write it.
        List<String> output = asOrdinaryUser(
                List.of(open + "/states.db", closed + "/states.db", "/etc/passwd", "/proc/1/fd/states.db"));

        assertThat(output.get(0)).isEqualTo("opened");
        assertThat(output.get(1))
                .contains("no permission: the folder " + closed)
                .contains("r-xr-xr-x");
        assertThat(output.get(2))
                .startsWith("store /etc/passwd: no permission: the folder /etc belongs to another user, root,");
        assertThat(output.get(3)).startsWith("store /proc/1/fd/states.db: no permission: ");
        assertThat(closed).isEmptyDirectory();
    }

    @Test
    void fileOfAnotherUser_isNotTouched() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path own = Files.createFile(folder.resolve("states.db"));
        Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("r--------"));

        List<String> output = asOrdinaryUser(List.of(own.toString()));

        String me = Files.getOwner(own).getName();
        assertThat(output.getFirst())
                .startsWith("store " + own + ": no permission: the file ")
                .contains(
                        isRoot()
                                ? "belongs to another user, " + me + ", with mode r--------"
                                : "is yours but has the mode r-------- (chmod u+rw");
        assertThat(own).isEmptyFile();
    }

    private static String mode(Path file) {
        try {
            return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static boolean isRoot() throws IOException {
        return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
    }

    /** Opens the files in a process without root's permissions. Its classes are copied to a folder that it can read. */
    private List<String> asOrdinaryUser(List<String> files) throws Exception {
        Path classes = Files.createDirectory(folder.resolve("classes"));
        List<String> command = new ArrayList<>();
        if (isRoot()) {
            command.addAll(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
        }
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", copyOfClasses(classes)));
        Path temporary = Files.createDirectory(folder.resolve("tmp"));
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxrwxrwx"));
        command.add("-Djava.io.tmpdir=" + temporary);
        command.add(OpenDatabases.class.getName());
        command.addAll(files);
        Process process = new ProcessBuilder(command)
                .redirectError(folder.resolve("err").toFile())
                .start();
        List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertThat(process.waitFor())
                .as(Files.readString(folder.resolve("err")))
                .isZero();
        assertThat(temporary).as("the native library is deleted").isEmptyDirectory();
        return lines;
    }

    private static String copyOfClasses(Path target) throws Exception {
        for (Class<?> any : List.of(SqliteStore.class, OpenDatabases.class)) {
            Path root = location(any);
            for (String room : List.of("store", "state")) {
                copy(root, root.resolve("io/pullpiri/statemanager/" + room), target);
            }
        }
        List<String> path = new ArrayList<>(List.of(target.toString()));
        for (Class<?> any : List.of(SQLiteConfig.class, Logger.class)) {
            Path jar = location(any);
            path.add(Files.copy(jar, target.resolve(jar.getFileName())).toString());
        }
        return String.join(":", path);
    }

    private static void copy(Path root, Path part, Path target) throws IOException {
        if (Files.notExists(part)) {
            return;
        }
        try (Stream<Path> files = Files.walk(part)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = target.resolve(root.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
    }

    private static Path location(Class<?> any) throws Exception {
        return Path.of(any.getProtectionDomain().getCodeSource().getLocation().toURI());
    }
}
