// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.view.Timestamp;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class AnomaliesTest {

    private static final Logger LOG = (Logger) LoggerFactory.getLogger(Anomalies.class);

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private long nanos;
    private final Anomalies anomalies = new Anomalies(() -> new Timestamp(0, nanos));

    @BeforeEach
    void listen() {
        log.start();
        LOG.addAppender(log);
    }

    @AfterEach
    void hangUp() {
        LOG.detachAppender(log);
    }

    @Test
    void repeatedAnomaly_isCountedAndLoggedOnce() {
        add("bad", "one", 3);
        add("worse", "one", 1);

        assertThat(lines()).containsExactly("bad: one");
        assertThat(anomalies.counts()).containsEntry("bad", 3L).containsEntry("worse", 1L);
    }

    @Test
    void anomalyKind_isLoggedAtMostAHundredTimesAMinute() {
        for (int i = 0; i < 150; i++) {
            anomalies.add("bad", "number " + i);
        }
        anomalies.add("worse", "one");

        assertThat(lines())
                .hasSize(102)
                .contains("bad: number 0", "bad: number 99", "worse: one")
                .contains("bad: more than 100 in a minute, the others are only counted");
        assertThat(anomalies.counts()).containsEntry("bad", 150L);

        nanos = TimeUnit.SECONDS.toNanos(61);
        anomalies.add("bad", "number 99");
        anomalies.add("bad", "number 149");

        assertThat(lines()).hasSize(103).last().isEqualTo("bad: number 149");
    }

    @Test
    void anomaliesOfAPlan_areCounted() {
        anomalies.addAll(List.of(new Plan.Anomaly("bad", "", "one"), new Plan.Anomaly("bad", "", "two")));
        assertThat(lines()).containsExactly("bad: one", "bad: two");
        assertThat(anomalies.counts()).containsEntry("bad", 2L);
    }

    @Test
    void refusal_isCountedByLimitAndReasonAndLoggedOnce() {
        anomalies.refused("connections", "address", "127.0.0.1 holds 3 of 4 connections");
        anomalies.refused("connections", "address", "127.0.0.1 holds 3 of 4 connections");
        anomalies.refused("connections", "full", "all 4 connections are open");

        assertThat(anomalies.refusals())
                .isEqualTo(Map.of(
                        new Anomalies.RefusalLabels("connections", "address"), 2L,
                        new Anomalies.RefusalLabels("connections", "full"), 1L));
        assertThat(lines())
                .containsExactly(
                        "connections: 127.0.0.1 holds 3 of 4 connections", "connections: all 4 connections are open");
    }

    private void add(String kind, String message, int times) {
        for (int i = 0; i < times; i++) {
            anomalies.add(kind, message);
        }
    }

    private List<String> lines() {
        return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
}
