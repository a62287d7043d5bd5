// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The history of a resource in memory, and reading it from the journal. */
class HistoryTest {

    private final Map<Long, String> journal = new HashMap<>();

    private History history = History.NONE;

    private static Transition change(String name, String from, String to, long generation) {
        return new Transition(ResourceKind.MODEL, name, from, to, generation, generation, "", "", "", 0, true, 0);
    }

    /** Commits changes of one resource, with a change of another one among them. */
    private void commit(long record, Transition... changes) {
        for (Transition each : changes) {
            history = history.decided(each);
        }
        history = history.recorded(record, 3);
        List<Transition> all = new ArrayList<>(List.of(change("other", "", "Dead", 1)));
        all.addAll(List.of(changes));
        journal.put(record, RecordCodec.text(new RecordCodec.JournalRecordText(all, null, null, null)));
    }

    private List<String> read() {
        return history.newestFirst(journal::get)
                .map(each -> each.name() + " " + each.from() + ">" + each.to())
                .toList();
    }

    @Test
    void storedChange_hasItsComponentsOnly() {
        Transition derived =
                new Transition(ResourceKind.MODEL, "m", "", "Dead", 7, 1, "", "exit code 1", "node n", 0, true, 0);
        assertThat(derived.isDerived()).isTrue();
        assertThat(RecordCodec.text(derived))
                .isEqualTo("{\"kind\":\"MODEL\",\"name\":\"m\",\"to\":\"Dead\",\"atNanos\":7,\"generation\":1,"
                        + "\"cause\":\"exit code 1\",\"source\":\"node n\",\"anchored\":true}");
    }

    @Test
    void changes_areReadNewestFirst() {
        assertThat(read()).isEmpty();
        commit(1, change("m", "", "Running", 1));
        commit(2, change("m", "Running", "Paused", 2), change("m", "Paused", "Dead", 3));
        assertThat(read()).containsExactly("m Paused>Dead", "m Running>Paused", "m >Running");
        assertThat(history.generation()).isEqualTo(3);
        assertThat(history.newestRecord()).isEqualTo(2);
    }

    @Test
    void recreatedResource_startsANewHistory() {
        commit(1, change("m", "", "Running", 1));
        commit(2, change("m", "Running", "", 2));
        assertThat(history.generation()).isZero();
        assertThat(read()).as("the resource is gone").containsExactly("m Running>", "m >Running");
        commit(3, change("m", "", "Paused", 1));
        assertThat(read()).containsExactly("m >Paused");
        assertThat(history.records()).containsExactly(3);
    }

    @Test
    void deletionAndCreationInOneCommit_isReadFromTheCreation() {
        commit(1, change("m", "", "Running", 1));
        commit(2, change("m", "Running", "", 2), change("m", "", "Paused", 1), change("m", "Paused", "Dead", 2));
        assertThat(read()).containsExactly("m Paused>Dead", "m >Paused");
    }

    @Test
    void oldestRecords_areDroppedAndMissingOnesAreSkipped() {
        commit(1, change("m", "", "Running", 1));
        commit(2, change("m", "Running", "Paused", 2));
        commit(3, change("m", "Paused", "Dead", 3));
        commit(4, change("m", "Dead", "Running", 4));
        assertThat(history.records()).containsExactly(2, 3, 4);
        assertThat(read()).containsExactly("m Dead>Running", "m Paused>Dead", "m Running>Paused");
        journal.remove(2L);
        assertThat(read()).containsExactly("m Dead>Running", "m Paused>Dead");
        journal.put(3L, "nonsense");
        assertThat(read()).containsExactly("m Dead>Running");
    }

    @Test
    void record_countsOnceForAnyNumberOfChanges() {
        commit(1, change("m", "", "Running", 1));
        History once = history;
        assertThat(history.recorded(1, 3)).isSameAs(once);
        commit(2, change("m", "Running", "Paused", 2));
        assertThat(history.records()).containsExactly(1, 2);
    }

    @Test
    void carriedChange_isReadWithTheRecordThatCarriesIt() {
        commit(1, change("m", "", "Running", 1));
        commit(2, change("m", "Running", "Paused", 2));
        journal.put(
                7L,
                RecordCodec.text(new RecordCodec.JournalRecordText(
                        List.of(change("other", "Dead", "Paused", 2)),
                        List.of(change("m", "Running", "Paused", 2)),
                        null,
                        null)));
        history = history.carriedTo(7);
        assertThat(read()).containsExactly("m Running>Paused");
        commit(8, change("m", "Paused", "Dead", 3));
        assertThat(read()).containsExactly("m Paused>Dead", "m Running>Paused");
    }
}
