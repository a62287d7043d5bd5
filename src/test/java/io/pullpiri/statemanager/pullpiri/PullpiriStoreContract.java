// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checks what StateManager relies on in Pullpiri's store. Both the test double and the real service pass it. */
abstract class PullpiriStoreContract {

    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    /** Keys of each test are its own: a real service keeps those of earlier runs. */
    private final String prefix = "/statemanager-contract/" + UUID.randomUUID() + "/";

    private PullpiriStore store = new PullpiriStore("127.0.0.1:1", TIMEOUT);

    /** @return {@code host:port} of the service */
    abstract String address();

    /** Ends the service, if the test started it. */
    abstract void stop();

    @BeforeEach
    void connect() {
        store = new PullpiriStore(address(), TIMEOUT);
    }

    @AfterEach
    void deleteKeys() throws Exception {
        for (String key : store.readPrefix(prefix).keySet()) {
            store.delete(key);
        }
        store.close();
        stop();
    }

    @Test
    void missingKey_isEmpty() throws Exception {
        assertThat(store.read(prefix + "missing")).isEmpty();
        assertThat(store.readPrefix(prefix)).isEmpty();
    }

    @Test
    void writtenPairs_areRead() throws Exception {
        store.write(Map.of(prefix + "a", "1", prefix + "가", "값\n\u0000", prefix + "empty", ""));
        assertThat(store.read(prefix + "가")).contains("값\n\u0000");
        assertThat(store.read(prefix + "empty")).contains("");
        assertThat(store.readPrefix(prefix)).hasSize(3);
    }

    @Test
    void writeOfAKnownKey_replacesItsValue() throws Exception {
        store.write(Map.of(prefix + "a", "1"));
        store.write(Map.of(prefix + "a", "2"));
        assertThat(store.read(prefix + "a")).contains("2");
    }

    @Test
    void deletedKey_isGone_andNeedNotExist() throws Exception {
        store.write(Map.of(prefix + "a", "1"));
        store.delete(prefix + "a");
        store.delete(prefix + "a");
        assertThat(store.read(prefix + "a")).isEmpty();
    }

    @Test
    void prefixRead_excludesNeighbours() throws Exception {
        store.write(Map.of(prefix + "a/1", "1", prefix + "ab", "2", prefix + "b", "3"));
        assertThat(store.readPrefix(prefix + "a/")).containsOnlyKeys(prefix + "a/1");
    }

    @Test
    void pairsOverTheMessageLimit_areAllWritten() throws Exception {
        Map<String, String> pairs = new LinkedHashMap<>();
        for (int i = 0; i < 20; i++) {
            pairs.put(prefix + i, "x".repeat(700_000));
        }
        store.write(pairs);
        assertThat(store.readPrefix(prefix))
                .as("an answer of 14 MB: there is no paging")
                .isEqualTo(pairs);
    }

    @Test
    void valueOverTheMessageLimit_isRejected() throws Exception {
        assertThatThrownBy(() -> store.write(Map.of(prefix + "large", "x".repeat(5 << 20))))
                .isInstanceOf(PullpiriStoreException.class);
        assertThat(store.read(prefix + "large")).isEmpty();
    }

    @Test
    void batchWithOneInvalidKey_isRejectedWhole() throws Exception {
        Map<String, String> pairs = new LinkedHashMap<>();
        pairs.put(prefix + "good", "1");
        pairs.put(prefix + "<bad>", "2");
        assertThatThrownBy(() -> store.write(pairs))
                .isInstanceOf(PullpiriStoreException.class)
                .hasMessageContaining("INVALID_ARGUMENT")
                .hasMessageContaining("<bad>");
        assertThat(store.read(prefix + "good")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "가"})
    void keyOver1024Bytes_isRejected(String character) throws Exception {
        int bytes = character.equals("a") ? 1 : 3;
        String longest = prefix + character.repeat((1_024 - prefix.length()) / bytes);
        store.write(Map.of(longest, "1"));
        assertThat(store.read(longest)).contains("1");
        assertThatThrownBy(() -> store.write(Map.of(longest + character.repeat(3), "1")))
                .isInstanceOf(PullpiriStoreException.class)
                .hasMessageContaining("INVALID_ARGUMENT");
    }

    @Test
    void nothingToWrite_isSuccess() throws Exception {
        store.write(Map.of());
        assertThat(store.readPrefix(prefix)).isEmpty();
    }

    @Test
    void unreachableService_isAnErrorAndNeverAnEmptyAnswer() {
        try (PullpiriStore away = new PullpiriStore("127.0.0.1:1", TIMEOUT)) {
            List<ThrowingCallable> calls = List.of(
                    () -> away.read("a"),
                    () -> away.readPrefix("a"),
                    () -> away.delete("a"),
                    () -> away.write(Map.of("a", "1")));
            for (ThrowingCallable call : calls) {
                assertThatThrownBy(call)
                        .isInstanceOf(PullpiriStoreException.class)
                        .hasMessageStartingWith("Pullpiri's store at 127.0.0.1:1 cannot be reached: ");
            }
        }
    }
}
