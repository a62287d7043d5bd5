// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.Map;

/** Describes the machine on which the values were measured. */
final class Machine {

    private Machine() {}

    static Map<String, String> facts(Bench.Effort effort) throws IOException, InterruptedException {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("command", effort.quick() ? "`make bench-quick`" : "`make bench`");
        facts.put("day", LocalDate.now(java.time.ZoneOffset.UTC).toString());
        facts.put("commit", output("git", "describe", "--always", "--dirty"));
        facts.put("processor", processor() + ", " + Runtime.getRuntime().availableProcessors() + " cores");
        facts.put("memory", field("/proc/meminfo", "MemTotal"));
        FileStore disk = Files.getFileStore(Path.of(System.getProperty("java.io.tmpdir")));
        facts.put(
                "disk",
                disk.type() + " on " + disk.name() + " (the stores are in " + System.getProperty("java.io.tmpdir")
                        + ")");
        facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put("JDK", System.getProperty("java.vm.version") + " (" + System.getProperty("java.vendor") + ")");
        facts.put(
                "options of the server",
                Files.readString(Path.of("tools/java.options")).strip().replace('\n', ' '));
        facts.put(
                "etcd",
                output(System.getenv("STATEMANAGER_ETCD"), "--version")
                        .lines()
                        .findFirst()
                        .orElse("?"));
        return facts;
    }

    private static String processor() throws IOException {
        return field("/proc/cpuinfo", "model name");
    }

    private static String field(String file, String name) throws IOException {
        return Files.readAllLines(Path.of(file)).stream()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("?");
    }

    private static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output.strip();
    }
}
