// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.CommitResult.Committed;
import io.pullpiri.statemanager.store.CommitResult.Unavailable;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.store.WatchContract;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.store.WatchListener;
import io.pullpiri.statemanager.store.sqlite.SqliteStore.SqliteLimits;
import io.pullpiri.statemanager.testing.WatchRecorder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract of the store with a SQLite file, and rules that only hold for a file. */
class SqliteStoreTest extends WatchContract {

    private static final int LOG_REVISIONS = 1_000;

    @TempDir
    Path folder;

    @Override
    protected StateStore open() {
        try {
            Files.createDirectories(file().getParent());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return SqliteStore.open(file(), new SqliteLimits(LOG_REVISIONS, 32 << 20, 0));
    }

    @Override
    protected void forgetHistory() {
        for (int i = 0; i <= LOG_REVISIONS; i++) {
            store.put("/x", "x");
        }
    }

    private Path file() {
        return folder.resolve("new folder/odd ?#%41.db");
    }

    @Test
    void keysAndRevisions_surviveARestart() {
        long first = store.put("/model/a", "1");
        store.put("/model/a", "2");
        var before = store.snapshot(List.of(""));
        store.close();
        store = open();
        assertThat(store.snapshot(List.of(""))).isEqualTo(before);
        assertThat(store.put("/model/b", "1")).isEqualTo(before.revision() + 1);
        WatchRecorder recorder = new WatchRecorder();
        store.watch(BOTH, first, recorder);
        assertThat(recorder.awaitLoss()).contains("compacted");
    }

    @Test
    void file_hasOneOwnerInThisProcess() {
        store.put("/model/a", "1");
        assertThatThrownBy(this::open)
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining(file().toString())
                .hasMessageContaining("in use");
        assertThat(store.put("/model/a", "2")).as("the first store still works").isPositive();
    }

    @Test
    void file_hasOneOwnerAmongProcesses() throws Exception {
        Process other = secondProcess();
        String output = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(other.waitFor()).as(output).isEqualTo(3);
        assertThat(output).contains("in use").contains(file().getFileName().toString());
        store.close();
        Process next = secondProcess();
        output = new String(next.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(next.waitFor()).as(output).isZero();
        store = open();
    }

    private Process secondProcess() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Opener.class.getName(),
                        folder.toString())
                .redirectErrorStream(true)
                .start();
    }

    /** Opens the store in a folder of a test from another process. */
    static final class Opener {

        private Opener() {}

        public static void main(String[] args) {
            SqliteStoreTest test = new SqliteStoreTest();
            test.folder = Path.of(args[0]);
            try {
                test.open().close();
            } catch (StoreUnavailableException e) {
                System.out.println(e.getMessage());
                System.exit(3);
            }
        }
    }

    @Test
    void fullDisk_isUnavailableAndServiceContinuesWhenThereIsRoom() {
        try (SqliteStore small = SqliteStore.open(folder.resolve("small.db"), new SqliteLimits(100, 1 << 20, 40))) {
            List<String> keys = new ArrayList<>();
            CommitResult result = new Committed(0);
            while (result instanceof Committed) {
                String key = "/model/" + keys.size();
                result = small.commit(transaction(put(key, "x".repeat(10_000), 0), put(key + "/b", "y", 0)), TIMEOUT);
                keys.add(key);
                assertThat(keys.size()).isLessThan(100);
            }
            assertThat(result)
                    .isInstanceOfSatisfying(
                            Unavailable.class,
                            unavailable -> assertThat(unavailable.reason())
                                    .contains("full")
                                    .contains("small.db"));
            String failed = keys.removeLast();
            assertThat(small.get(failed)).as("no part is written").isEmpty();
            assertThat(small.get(failed + "/b")).isEmpty();
            assertThatThrownBy(() -> small.put("/model/new", "x".repeat(10_000)))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining("full");

            long revision = small.snapshot(List.of()).revision();
            var oldest = small.get(keys.getFirst()).orElseThrow();
            WatchRecorder recorder = new WatchRecorder();
            small.watch(List.of("/model/"), revision + 1, recorder);
            assertThat(small.commit(transaction(delete(oldest.key(), oldest.modRevision())), TIMEOUT))
                    .isEqualTo(new Committed(revision + 1));
            assertThat(small.put("/model/new", "x".repeat(9_000))).isEqualTo(revision + 2);
            assertThat(recorder.awaitEvents(2)).extracting(WatchEvent::key).containsExactly(oldest.key(), "/model/new");
        }
    }

    @Test
    void journalTrimming_keepsTheFileSmall() throws Exception {
        for (int i = 0; i < 2_000; i++) {
            String old = Keys.journal(i - 10L);
            long oldRevision = i < 10 ? 0 : store.get(old).orElseThrow().modRevision();
            commit(put(Keys.journal(i), "x".repeat(5_000), 0), delete(i < 10 ? "/none" : old, oldRevision));
        }
        store.close();
        assertThat(Files.size(file())).isLessThan(500_000);
        store = open();
    }

    @Test
    void fileThatIsNoDatabase_isNotTouched() throws Exception {
        Path text = folder.resolve("notes.txt");
        Files.writeString(
                text, "not a database, but rather long so that it is not taken for an empty file\n".repeat(50));
        byte[] before = Files.readAllBytes(text);
        assertCannotOpen(text, "not an SQLite database");
        assertThat(text).hasBinaryContent(before);
    }

    @Test
    void databaseOfAnotherProgram_isNotTouched() throws Exception {
        Path other = folder.resolve("other.db");
        change(other, "CREATE TABLE kv (theirs TEXT)");
        byte[] before = Files.readAllBytes(other);
        assertCannotOpen(other, "another program");
        assertThat(other).hasBinaryContent(before);
    }

    @Test
    void storeOfANewerVersion_isRejected() throws Exception {
        store.close();
        change(file(), "PRAGMA user_version = 2");
        assertCannotOpen(file(), "schema version 2 (expected: at most 1)");
        change(file(), "PRAGMA user_version = 1");
        store = open();
    }

    @Test
    void damagedFile_isAClearError() throws Exception {
        store.put("/model/a", "x");
        store.close();
        byte[] content = Files.readAllBytes(file());
        Arrays.fill(content, 100, content.length, (byte) 0x5a);
        Path damaged = Files.write(folder.resolve("damaged.db"), content);
        assertCannotOpen(damaged, "damaged");
        store = open();
    }

    @Test
    void folderOrImpossiblePath_isAClearError() {
        assertCannotOpen(folder, "folder");
        assertCannotOpen(Path.of("/proc/none.db"), "");
        assertCannotOpen(Path.of("/dev/null/none.db"), "/dev/null is a file (expected: a folder)");
        assertCannotOpen(Path.of("/dev/null/x/none.db"), "does not exist");
    }

    @Test
    void slowListener_isLostAndCostsNoMemory() {
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch reached = new CountDownLatch(1);
        WatchRecorder recorder = new WatchRecorder();
        long start = store.put("/x", "x");
        store.watch(List.of("/model/"), start + 1, new WatchListener() {
            @Override
            public void onEvents(List<WatchEvent> events) {
                reached.countDown();
                await(go);
                recorder.onEvents(events);
            }

            @Override
            public void onLost(String reason) {
                recorder.onLost(reason);
            }
        });
        store.put("/model/a", "1");
        await(reached);
        forgetHistory();
        go.countDown();
        assertThat(recorder.awaitLoss()).contains("compacted");
        assertThat(recorder.events()).hasSize(1);
    }

    @Test
    void eventLog_isBoundedInBytes() {
        EventLog log = new EventLog(7, 1_000, 10_000);
        for (long revision = 8; revision < 108; revision++) {
            log.append(revision, List.of(new WatchEvent("/model/a", "x".repeat(1_000), revision)));
        }
        assertThat(log.oldest()).isBetween(100L, 107L);
        assertThat(log.read(log.oldest() - 1, 10)).isNull();
        EventLog.Page page = log.read(log.oldest(), 2);
        if (page == null) {
            throw new AssertionError("the log has forgotten its oldest revision");
        }
        assertThat(page.events()).hasSize(2);
        assertThat(page.more()).isTrue();
        assertThat(page.next()).isEqualTo(log.oldest() + 2);
    }

    @Test
    void close_releasesFilesAndThreads() throws Exception {
        store.watch(BOTH, 1, new WatchRecorder());
        assertThat(openFiles()).isNotEmpty();
        store.close();
        assertThat(openFiles()).isEmpty();
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("sqlite-watch");
        try (Stream<Path> files = Files.list(folder.resolve("new folder"))) {
            assertThat(files).as("no write-ahead log is left").containsExactly(file());
        }
    }

    private List<String> openFiles() throws IOException {
        List<String> open = new ArrayList<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors.toList()) {
                if (Files.isSymbolicLink(descriptor)) {
                    open.add(Files.readSymbolicLink(descriptor).toString());
                }
            }
        }
        open.removeIf(target -> !target.startsWith(folder.toString()));
        return open;
    }

    private static void assertCannotOpen(Path file, String why) {
        assertThatThrownBy(() -> SqliteStore.open(file))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(why);
    }

    private static void change(Path file, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(
                        "jdbc:sqlite:" + file.toUri().toASCIIString());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
