// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.state.ModelState;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class RecordCodecTest {

    private static final String STORED = """
            {"containers":[{"name":"c","model":"m","state":"UNKNOWN"}],"kept":{"m":"DEAD"},"reportedMillis":7,"recognized":true}""";

    @Test
    void nodeRecord_keepsItsStoredFieldNames() {
        Container container = new Container(
                "c", "", null, "m", ContainerState.UNKNOWN, "", null, null, 0, 0, null, false, 0, 0, 0, null, 0);
        NodeEntry node = new NodeEntry(
                "n",
                new TreeMap<>(Map.of("c", container)),
                new TreeMap<>(Map.of("m", ModelState.DEAD)),
                ContainerTimers.NONE,
                7,
                0,
                true,
                Peers.NONE,
                0,
                false);
        RecordCodec.NodeRecord record = RecordCodec.NodeRecord.of(node);
        assertThat(RecordCodec.text(record)).isEqualTo(STORED);
        assertThat(RecordCodec.parse(STORED, RecordCodec.NodeRecord.class)).isEqualTo(record);
    }
}
