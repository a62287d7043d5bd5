// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.store.CommitResult.Committed;
import io.pullpiri.statemanager.store.CommitResult.Conflict;
import io.pullpiri.statemanager.store.CommitResult.Refused;
import io.pullpiri.statemanager.store.CommitResult.Unavailable;
import io.pullpiri.statemanager.store.Transaction.Write;
import io.pullpiri.statemanager.testing.WatchRecorder;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The contract of every {@link StateStore} on keys and transactions. */
public abstract class StateStoreContract {

    protected static final Duration TIMEOUT = Duration.ofSeconds(10);

    protected StateStore store;

    /** Opens an empty store. Its revisions may start at any number. */
    protected abstract StateStore open();

    @BeforeEach
    void openStore() {
        store = open();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    // [utest->req~sto-operations~1]
    @Test
    void missingKey_isReportedAsMissing() {
        assertThat(store.get("/model/none/state")).isEmpty();
        assertThat(store.getAllWithPrefix("/model/")).isEmpty();
    }

    // [utest->req~sto-operations~1]
    @Test
    void putValue_isRead() {
        long revision = store.put("/model/a/state", "Running");
        assertThat(store.get("/model/a/state")).contains(new KeyValue("/model/a/state", "Running", revision, revision));
    }

    @Test
    void key_keepsItsCreateRevisionUntilItIsDeleted() {
        long created = store.put("/model/a/state", "Created");
        long changed = store.put("/model/a/state", "Running");
        assertThat(changed).isEqualTo(created + 1);
        assertThat(store.get("/model/a/state")).contains(new KeyValue("/model/a/state", "Running", created, changed));

        assertThat(commit(delete("/model/a/state", changed))).isEqualTo(changed + 1);
        assertThat(store.get("/model/a/state")).isEmpty();
        long again = store.put("/model/a/state", "Created");
        assertThat(store.get("/model/a/state")).contains(new KeyValue("/model/a/state", "Created", again, again));
    }

    // [utest->req~sto-operations~1]
    @Test
    void prefixRead_returnsKeysAndValuesInCreationOrder() {
        long c = store.put("/model/c/state", "Created");
        long a = store.put("/model/a/state", "Created");
        long b = store.put("/model/b/state", "Created");
        long again = store.put("/model/c/state", "Running");
        assertThat(store.getAllWithPrefix("/model/"))
                .containsExactly(
                        new KeyValue("/model/c/state", "Running", c, again),
                        new KeyValue("/model/a/state", "Created", a, a),
                        new KeyValue("/model/b/state", "Created", b, b));
    }

    @Test
    void keysOfOneTransaction_areReadInNameOrder() {
        long revision = commit(put("/model/b", "1", 0), put("/model/c", "2", 0), put("/model/a", "3", 0));
        assertThat(store.getAllWithPrefix("/model/"))
                .containsExactly(
                        new KeyValue("/model/a", "3", revision, revision),
                        new KeyValue("/model/b", "1", revision, revision),
                        new KeyValue("/model/c", "2", revision, revision));
    }

    @Test
    void prefixRead_excludesNeighboringPrefixes() {
        for (String key : List.of("/model", "/model.", "/model/", "/model/a", "/model/\uffff", "/model/\ud83d\ude00")) {
            store.put(key, "x");
        }
        store.put("/model0", "x");
        store.put("/Model/a", "x");
        store.put("/model0/a", "x");
        assertThat(keys(store.getAllWithPrefix("/model/")))
                .containsExactly("/model/", "/model/a", "/model/\uffff", "/model/\ud83d\ude00");
        assertThat(keys(store.getAllWithPrefix("/model/\ud83d\ude00"))).containsExactly("/model/\ud83d\ude00");
        assertThat(store.getAllWithPrefix("")).hasSize(9);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", " ", "line\nline\r\n\ttab", "nul\0nul", "상태 \ud83d\ude97 é", "'; DROP TABLE kv; --", "%_"})
    void anyValue_isReadAsItWasWritten(String value) {
        store.put("/model/odd", value);
        assertThat(store.get("/model/odd")).map(KeyValue::value).contains(value);
        assertThat(store.getAllWithPrefix("/model/odd").getFirst().value()).isEqualTo(value);
    }

    @Test
    void valueOfAlmostAMegabyte_isReadAsItWasWritten() {
        String value = "상".repeat(340_000);
        store.put("/model/large", value);
        assertThat(store.get("/model/large")).map(KeyValue::value).contains(value);
    }

    // [utest->req~sto-key-rules~1]
    @ParameterizedTest
    @ValueSource(strings = {"", " ", "/model/<a>", "/model/a\n", "/model/{a}", "/model/a?"})
    void invalidKey_isAnError(String key) {
        assertThatThrownBy(() -> store.get(key)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store.put(key, "x")).isInstanceOf(IllegalArgumentException.class);
        assertRefused("key", put(key, "x", 0));
        assertRefused("key", put("/model/" + "k".repeat(1024), "x", 0));
        assertThat(store.getAllWithPrefix("")).isEmpty();
    }

    @Test
    void keyOf1024Bytes_isAccepted() {
        String key = "k".repeat(1024);
        long revision = store.put(key, "x");
        assertThat(store.get(key)).contains(new KeyValue(key, "x", revision, revision));
    }

    @Test
    void transaction_writesAllItsKeysAtOneRevision() {
        long a = store.put("/model/a", "1");
        long b = store.put("/model/b", "1");
        long revision = commit(put("/model/a", "2", a), delete("/model/b", b), put("/package/p", "new", 0));
        assertThat(revision).isEqualTo(b + 1);
        assertThat(store.get("/model/a")).contains(new KeyValue("/model/a", "2", a, revision));
        assertThat(store.get("/model/b")).isEmpty();
        assertThat(store.get("/package/p")).contains(new KeyValue("/package/p", "new", revision, revision));
    }

    @Test
    void failedGuard_writesNothingAndReturnsEveryKey() {
        long a = store.put("/model/a", "1");
        long changed = store.put("/model/b", "1");
        long newest = store.put("/model/b", "foreign");
        CommitResult result = store.commit(
                transaction(put("/model/a", "2", a), put("/model/b", "2", changed), put("/model/new", "2", 0)),
                TIMEOUT);
        assertThat(result)
                .isEqualTo(new Conflict(List.of(
                        new WatchEvent("/model/a", "1", a),
                        new WatchEvent("/model/b", "foreign", newest),
                        new WatchEvent("/model/new", null, newest))));
        assertThat(store.get("/model/a")).map(KeyValue::value).contains("1");
        assertThat(store.get("/model/new")).isEmpty();
        assertThat(store.put("/model/next", "x")).as("no revision was used").isEqualTo(newest + 1);
    }

    @Test
    void existingKeyThatMustNotExist_isAConflict() {
        long revision = store.put("/model/a", "1");
        assertThat(store.commit(transaction(put("/model/a", "2", 0)), TIMEOUT))
                .isEqualTo(new Conflict(List.of(new WatchEvent("/model/a", "1", revision))));
    }

    @Test
    void deletedKey_isAConflictEvenIfItExistsAgain() {
        long first = store.put("/model/a", "1");
        long deleted = commit(delete("/model/a", first));
        assertThat(store.commit(transaction(put("/model/a", "2", first)), TIMEOUT))
                .isEqualTo(new Conflict(List.of(new WatchEvent("/model/a", null, deleted))));
        long second = store.put("/model/a", "1");
        assertThat(store.commit(transaction(delete("/model/a", first)), TIMEOUT))
                .isEqualTo(new Conflict(List.of(new WatchEvent("/model/a", "1", second))));
    }

    @Test
    void deletionOfAnAbsentKey_usesNoRevision() {
        long revision = store.put("/model/a", "1");
        assertThat(commit(delete("/model/none", 0))).isEqualTo(revision);
        assertThat(commit()).isEqualTo(revision);
        assertThat(commit(delete("/model/none", 0), put("/model/b", "1", 0))).isEqualTo(revision + 1);
    }

    @Test
    void writeOfTheSameValue_isAWrite() {
        long revision = store.put("/model/a", "1");
        assertThat(commit(put("/model/a", "1", revision))).isEqualTo(revision + 1);
    }

    @Test
    void transactionOfTheLargestSize_isAccepted() {
        int writes = store.maxWrites();
        Write[] all = IntStream.range(0, writes)
                .mapToObj(i -> put("/model/%05d".formatted(i), "x", 0))
                .toArray(Write[]::new);
        long revision = commit(all);
        assertThat(store.getAllWithPrefix("/model/")).hasSize(writes).allMatch(kv -> kv.modRevision() == revision);
        int bytes = store.maxBytes();
        commit(put("/large/a", "x".repeat(bytes / 2 - 8), 0), put("/large/b", "x".repeat(bytes / 2 - 8), 0));
        assertThat(store.commit(transaction(put("/large/a", "", 0), put("/large/b", "", 0)), TIMEOUT))
                .as("the answer to a conflict of the largest transaction")
                .isInstanceOfSatisfying(
                        Conflict.class,
                        conflict -> assertThat(conflict.current())
                                .allMatch(event ->
                                        event.value() != null && event.value().length() == bytes / 2 - 8));
    }

    @Test
    void oversizedOrSenselessTransaction_isRejected() {
        assertRefused(
                "writes",
                IntStream.rangeClosed(0, store.maxWrites())
                        .mapToObj(i -> put("/model/" + i, "x", 0))
                        .toArray(Write[]::new));
        assertRefused("size", put("/model/a", "x".repeat(store.maxBytes()), 0));
        assertRefused("size", put("/model/a", "상".repeat(store.maxBytes() / 2), 0));
        assertRefused("twice", put("/model/a", "1", 0), put("/model/b", "1", 0), put("/model/a", "2", 0));
        assertThatThrownBy(() -> store.put("/model/a", "x".repeat(store.maxBytes())))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(store.getAllWithPrefix("")).isEmpty();
    }

    @Test
    void snapshot_hasTheKeysOfAllPrefixesOnceAndTheRevision() {
        store.put("/model/b", "1");
        store.put("Package/p", "2");
        store.put("/statemanager/x", "3");
        store.put("/model/a", "4");
        long newest = store.put("/other", "5");
        Snapshot snapshot = store.snapshot(List.of("Package/", "/model/", "/model/a", "/model/"));
        assertThat(snapshot.revision()).isEqualTo(newest);
        assertThat(keys(snapshot.entries())).containsExactly("/model/b", "Package/p", "/model/a");
        assertThat(store.snapshot(List.of())).isEqualTo(new Snapshot(newest, List.of()));
    }

    @Test
    void closedStore_isUnavailable() {
        store.put("/model/a", "1");
        store.close();
        assertThatThrownBy(() -> store.get("/model/a")).isInstanceOf(StoreUnavailableException.class);
        assertThatThrownBy(() -> store.put("/model/a", "2")).isInstanceOf(StoreUnavailableException.class);
        assertThatThrownBy(() -> store.snapshot(List.of("/model/"))).isInstanceOf(StoreUnavailableException.class);
        assertThatThrownBy(() -> store.watch(List.of("/model/"), 1, new WatchRecorder()))
                .isInstanceOf(StoreUnavailableException.class);
        assertThat(store.commit(transaction(put("/model/a", "2", 1)), TIMEOUT)).isInstanceOf(Unavailable.class);
        store.close();
    }

    protected long commit(Write... writes) {
        CommitResult result = store.commit(transaction(writes), TIMEOUT);
        assertThat(result).isInstanceOf(Committed.class);
        return ((Committed) result).revision();
    }

    protected static Transaction transaction(Write... writes) {
        return new Transaction(Arrays.asList(writes));
    }

    protected static Write put(String key, @Nullable String value, long expectedRevision) {
        return new Write(key, value, expectedRevision);
    }

    protected static Write delete(String key, long expectedRevision) {
        return new Write(key, null, expectedRevision);
    }

    private void assertRefused(String why, Write... writes) {
        assertThat(store.commit(transaction(writes), TIMEOUT))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.reason()).contains(why));
    }

    private static List<String> keys(List<KeyValue> entries) {
        return entries.stream().map(KeyValue::key).toList();
    }
}
