// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Snapshot;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.Transaction.Write;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import io.pullpiri.statemanager.view.Owner;
import io.pullpiri.statemanager.view.StoreKey;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A transaction that was sent before the read is read, or it fails. */
class StoreReaderTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** A transaction of an earlier process, which it decided when the first journal record was the newest. */
    private static final Transaction LATE =
            new Transaction(List.of(new Write(Keys.node("HPC"), "{}", 0), new Write(Keys.journal(2), null, 0)));

    @TempDir
    Path folder;

    private FaultyStore store;
    private StoreReader storeReader;

    @BeforeEach
    void open() {
        store = new FaultyStore(SqliteStore.open(folder.resolve("states.db")));
        store.put(Keys.journal(1), "{}");
        store.put("/model/m/state", "Running");
        store.put("/foreign/key", "key");
        storeReader = new StoreReader(store, new Ownership(store, owner("first")), TIMEOUT, Runnable::run);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @ParameterizedTest
    @EnumSource
    void read_coversEveryKindOfRecord(StoreKey.RecordKind kind) {
        String key = kind == StoreKey.RecordKind.JOURNAL ? Keys.journal(1) : kind.prefix() + "m";
        store.put(key, "{}");
        assertThat(keys(storeReader.read().join())).contains(key);
    }

    // [utest->req~sto-fence~1]
    @Test
    void read_coversAllKeysAndRejectsOlderTransactions() {
        assertThat(keys(storeReader.read().join()))
                .containsExactlyInAnyOrder(Keys.journal(1), Keys.journal(2), "/model/m/state");
        assertThat(store.commit(LATE, TIMEOUT)).isInstanceOf(CommitResult.Conflict.class);
        assertThat(keys(storeReader.read().join())).contains(Keys.journal(3)).doesNotContain(Keys.node("HPC"));
    }

    @Test
    void commitJustBeforeTheFence_isRead() {
        store.before.add(() -> assertThat(store.commit(LATE, TIMEOUT)).isInstanceOf(CommitResult.Committed.class));
        assertThat(keys(storeReader.read().join())).contains(Keys.node("HPC"), Keys.journal(2));
    }

    @Test
    void recordInThePlaceOfTheFence_leadsToAReread() {
        store.before.add(() -> store.put(Keys.journal(2), "{}"));
        assertThatThrownBy(() -> storeReader.read().join())
                .hasCauseInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("no journal record can be written");
        assertThat(keys(storeReader.read().join())).contains(Keys.journal(3));
    }

    @Test
    void firstRead_writesTheFormatOfTheRecords() {
        storeReader.read().join();
        assertThat(store.get(Keys.FORMAT).orElseThrow().value()).isEqualTo("1");
        long written = store.get(Keys.FORMAT).orElseThrow().modRevision();
        storeReader.read().join();
        assertThat(store.get(Keys.FORMAT).orElseThrow().modRevision())
                .as("written once")
                .isEqualTo(written);
    }

    // [utest->req~sto-format~1]
    @ParameterizedTest
    @ValueSource(strings = {"2", "10", "99999999999999999999", "", "one", "1.0", "-1", "0", " 1"})
    void unknownFormat_isRejectedBeforeAnythingIsWritten(String format) {
        store.put(Keys.FORMAT, format);
        Snapshot before = store.snapshot(List.of("/"));
        assertThatThrownBy(() -> storeReader.read().join())
                .hasCauseInstanceOf(NewerStoreException.class)
                .hasMessageContaining(
                        "key /statemanager/format: '" + format.substring(0, Math.min(40, format.length())))
                .hasMessageContaining("Nothing was written");
        assertThat(store.snapshot(List.of("/"))).isEqualTo(before);
    }

    @Test
    void newerBuildThatStartsMeanwhile_takesThePlaceOfTheFence() {
        store.before.add(() -> {
            store.put(Keys.journal(2), "{}");
            store.put(Keys.FORMAT, "2");
        });
        assertThatThrownBy(() -> storeReader.read().join()).hasCauseInstanceOf(StoreUnavailableException.class);
        assertThatThrownBy(() -> storeReader.read().join()).hasCauseInstanceOf(NewerStoreException.class);
        assertThat(store.get(Keys.FORMAT).orElseThrow().value()).isEqualTo("2");
    }

    // [utest->req~sto-owner~1]
    @Test
    void firstRead_takesOverTheStore() {
        store.put(Keys.OWNER, owner("crashed").text());
        storeReader.read().join();
        assertThat(store.value(Keys.OWNER)).isEqualTo(owner("first").text());
        long written = store.get(Keys.OWNER).orElseThrow().modRevision();
        storeReader.read().join();
        assertThat(store.get(Keys.OWNER).orElseThrow().modRevision())
                .as("later reads do not write the record")
                .isEqualTo(written);
    }

    // [utest->req~sto-owner~1]
    @Test
    void serverWhoseStoreWasTakenOver_writesNothingUntilTheOtherRecordIsGone() {
        storeReader.read().join();
        store.put(Keys.OWNER, owner("second").text());
        int commits = store.commits.get();
        assertThatThrownBy(() -> storeReader.read().join())
                .hasCauseInstanceOf(Ownership.OwnershipLostException.class)
                .hasMessageContaining("another StateManager (host second, process 7, since 2026-01-01T00:00:00Z)");
        assertThat(store.commits).hasValue(commits);
        store.delete(Keys.OWNER);
        storeReader.read().join();
        assertThat(store.value(Keys.OWNER)).isEqualTo(owner("first").text());
    }

    @Test
    void takeoverThatComesFirst_preventsTheFence() {
        store.before.add(() -> {
            store.put(Keys.journal(2), "{}");
            store.put(Keys.OWNER, owner("second").text());
        });
        assertThatThrownBy(() -> storeReader.read().join()).hasCauseInstanceOf(StoreUnavailableException.class);
        assertThat(store.value(Keys.OWNER)).isEqualTo(owner("second").text());
    }

    @Test
    void claimWithALostAnswer_isOurs() {
        store.faults.add(FaultyStore.Fault.ANSWER_LOST);
        assertThatThrownBy(() -> storeReader.read().join()).hasCauseInstanceOf(StoreUnavailableException.class);
        storeReader.read().join();
        assertThat(store.value(Keys.OWNER)).isEqualTo(owner("first").text());
    }

    @Test
    void damagedOwnerRecord_countsAsAnotherServer() {
        storeReader.read().join();
        store.put(Keys.OWNER, "nonsense");
        assertThatThrownBy(() -> storeReader.read().join())
                .hasMessageContaining("another StateManager (its record cannot be read)");
    }

    private static Owner owner(String host) {
        return new Owner("id-" + host, host, 7, "2026-01-01T00:00:00Z");
    }

    private static List<String> keys(Snapshot snapshot) {
        return snapshot.entries().stream().map(KeyValue::key).toList();
    }
}
