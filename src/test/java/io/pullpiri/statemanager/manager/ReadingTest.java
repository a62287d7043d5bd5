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
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was sent before the store is read is read, or it never comes. */
class ReadingTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** A node's list that an earlier life has sent, when the journal's newest record was the first. */
    private static final Transaction LATE =
            new Transaction(List.of(new Write(Keys.node("HPC"), "{}", 0), new Write(Keys.journal(2), null, 0)));

    @TempDir
    Path folder;

    private FaultyStore store;
    private Reading reading;

    @BeforeEach
    void open() {
        store = new FaultyStore(SqliteStore.open(folder.resolve("states.db")));
        store.put(Keys.journal(1), "{}");
        store.put("/model/m/state", "Running");
        store.put("/somebody/elses", "key");
        reading = new Reading(store, TIMEOUT, Runnable::run);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void allThatIsOursOrWatchedIsReadAndWhatComesAfterwardsIsRefused() {
        assertThat(keys(reading.read().join()))
                .containsExactlyInAnyOrder(Keys.journal(1), Keys.journal(2), "/model/m/state");
        assertThat(store.commit(LATE, TIMEOUT)).isInstanceOf(CommitResult.Conflict.class);
        assertThat(keys(reading.read().join())).contains(Keys.journal(3)).doesNotContain(Keys.node("HPC"));
    }

    @Test
    void whatComesJustBeforeTheFenceIsRead() {
        store.before.add(() -> assertThat(store.commit(LATE, TIMEOUT)).isInstanceOf(CommitResult.Committed.class));
        assertThat(keys(reading.read().join())).contains(Keys.node("HPC"), Keys.journal(2));
    }

    @Test
    void whatTakesTheFencesPlaceHasItReadAnew() {
        store.before.add(() -> store.put(Keys.journal(2), "{}"));
        assertThatThrownBy(() -> reading.read().join())
                .hasCauseInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("no journal record can be written");
        assertThat(keys(reading.read().join())).contains(Keys.journal(3));
    }

    private static List<String> keys(Snapshot snapshot) {
        return snapshot.entries().stream().map(KeyValue::key).toList();
    }
}
