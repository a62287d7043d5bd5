// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers that are made while they are sent. */
class ReplyTest {

    private static final int ITEMS = 10_000;

    private PlainServer server;
    private Http http;

    @BeforeEach
    void start() throws IOException {
        server = new PlainServer(
                new WriteTimeouts(Duration.ofSeconds(10)),
                exchange -> listing(exchange.target().equals("/whole") ? ITEMS : ITEMS / 2));
        http = new Http(server.connections.port());
    }

    @AfterEach
    void stop() {
        http.close();
        server.close();
    }

    /** @param sound the number of items that can be made */
    private static Reply listing(int sound) {
        Iterator<List<String>> items = IntStream.range(0, ITEMS)
                .mapToObj(i -> {
                    if (i >= sound) {
                        throw new IllegalStateException("a defect");
                    }
                    return List.of("item", "number " + i);
                })
                .iterator();
        return Reply.json(new Json.ListingJson("1.1", true, items));
    }

    @Test
    void longList_arrivesComplete() {
        assertThat(http.json("/whole").path("items")).hasSize(ITEMS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"identity", "gzip"})
    void unfinishedAnswer_doesNotLookComplete(String encoding) {
        assertThatThrownBy(() -> http.get("/broken", "Accept-Encoding", encoding))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("chunked transfer encoding");
        assertThat(http.json("/whole").path("items")).hasSize(ITEMS);
    }
}
