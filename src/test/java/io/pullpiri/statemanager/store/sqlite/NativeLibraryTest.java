// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.SQLiteJDBCLoader;
import org.sqlite.util.LibraryLoaderUtil;
import org.sqlite.util.OSInfo;

class NativeLibraryTest {

    @TempDir
    Path folder;

    @Test
    void libraryBesideTheJar_isFoundForThisVersionAndMachineOnly() throws IOException {
        assertThat(NativeLibrary.in(folder)).isNull();
        put("sqlite-1.2.3.4");
        assertThat(NativeLibrary.in(folder)).isNull();
        Path library = put("sqlite-" + SQLiteJDBCLoader.getVersion());
        assertThat(NativeLibrary.in(folder)).isEqualTo(library);
    }

    @Test
    void filesLeftByAKilledStart_areDeletedByTheNext() throws IOException {
        long self = ProcessHandle.current().pid();
        long init = 1; // runs, and is not this process
        Path ended = left("statemanager-sqlite-999999999999-1");
        Path earlierLife = left("statemanager-sqlite-" + self + "-1");
        Path another = left("statemanager-sqlite-" + init + "-1");
        Path longAgo = left("statemanager-sqlite-" + init + "-2");
        Files.setLastModifiedTime(longAgo, FileTime.from(Instant.now().minus(Duration.ofHours(1))));
        Path foreign = left("sqlite-3.0.0-else");
        Path link = Files.createSymbolicLink(folder.resolve("statemanager-sqlite-999999999999-2"), foreign);

        NativeLibrary.deleteAbandoned(folder);

        assertThat(ended).doesNotExist();
        assertThat(earlierLife)
                .as("in a container, each process has the same number")
                .doesNotExist();
        assertThat(longAgo).doesNotExist();
        assertThat(another).exists();
        assertThat(foreign.resolve("libsqlitejdbc.so")).exists();
        assertThat(link).exists();
    }

    private Path put(String version) throws IOException {
        Path library = folder.resolve(version).resolve(OSInfo.getNativeLibFolderPathForCurrentOS());
        Files.createDirectories(library);
        Files.createFile(library.resolve(LibraryLoaderUtil.getNativeLibName()));
        return library;
    }

    private Path left(String name) throws IOException {
        Path left = Files.createDirectory(folder.resolve(name));
        Files.createFile(left.resolve("libsqlitejdbc.so"));
        return left;
    }
}
