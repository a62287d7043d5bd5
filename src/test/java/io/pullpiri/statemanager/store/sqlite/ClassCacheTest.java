// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteJDBCLoader;
import org.sqlite.util.LibraryLoaderUtil;
import org.sqlite.util.OSInfo;

/** Tests the program as tools/build makes it: a jar with a class cache, and SQLite's library beside it. */
@Tag("slow")
class ClassCacheTest {

    @TempDir
    Path folder;

    @Test
    void startWithAClassCacheInAnotherFolder_opensTheDatabaseWithTheLibraryBesideTheJar() throws Exception {
        Path jar = folder.resolve("program.jar");
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream packed = new JarOutputStream(out)) {
            for (Class<?> any : List.of(SqliteStore.class, OpenDatabases.class)) {
                pack(location(any), packed);
            }
        }
        putLibraryBesideTheJar();

        assertThat(run(folder, Path.of("program.jar"), "-XX:AOTCacheOutput=program.aot"))
                .contains("opened");
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        assertThat(run(elsewhere, jar, "-XX:AOTCache=" + folder.resolve("program.aot"), "-XX:AOTMode=on"))
                .contains("opened");
    }

    private void putLibraryBesideTheJar() throws IOException {
        String machine = OSInfo.getNativeLibFolderPathForCurrentOS();
        String name = LibraryLoaderUtil.getNativeLibName();
        Path target = folder.resolve("sqlite-" + SQLiteJDBCLoader.getVersion()).resolve(machine);
        Files.createDirectories(target);
        try (var library = SQLiteConfig.class.getResourceAsStream("/org/sqlite/native/" + machine + "/" + name)) {
            assertThat(library).isNotNull();
            Files.copy(library, target.resolve(name));
        }
    }

    private static void pack(Path root, JarOutputStream packed) throws IOException {
        for (String room : List.of("store", "state")) {
            Path part = root.resolve("io/pullpiri/statemanager/" + room);
            if (Files.notExists(part)) {
                continue;
            }
            try (Stream<Path> files = Files.walk(part)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    packed.putNextEntry(new JarEntry(root.relativize(file).toString()));
                    Files.copy(file, packed);
                }
            }
        }
    }

    /** Starts the program without a temporary folder, so that it can load only the library beside the jar. */
    private String run(Path from, Path jar, String... options) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-Djava.io.tmpdir=" + folder.resolve("none")));
        command.addAll(List.of("-cp", jar + ":" + location(SQLiteConfig.class) + ":" + location(Logger.class)));
        command.addAll(List.of(OpenDatabases.class.getName(), "states.db"));
        Process process = new ProcessBuilder(command)
                .directory(from.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    private static Path location(Class<?> any) throws Exception {
        return Path.of(any.getProtectionDomain().getCodeSource().getLocation().toURI());
    }
}
