// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A container in a stored node record.
 *
 * @param absence why it counts although its node's last list left it out; empty while lists name it
 * @param stoppedSince when the record says that it was first named as stopped; 0 if it does not
 */
record StoredContainer(String state, String exitCode, boolean killedForMemory, String absence, long stoppedSince) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Returns the containers of a node record by name; null if there is no record. */
    static @Nullable Map<String, StoredContainer> of(@Nullable String stored) {
        if (stored == null) {
            return null;
        }
        Map<String, StoredContainer> containers = new TreeMap<>();
        try {
            for (JsonNode each : JSON.readTree(stored).path("containers")) {
                containers.put(
                        each.path("name").asText(),
                        new StoredContainer(
                                each.path("state").asText("CREATED"),
                                each.path("exitCode").asText(),
                                each.path("why").asText().equals("killed for memory"),
                                each.path("absence").asText(),
                                each.path("stoppedSinceMillis").asLong()));
            }
        } catch (JsonProcessingException e) {
            throw new Witness.Broken("no JSON in a node's record: " + stored);
        }
        return containers;
    }

    boolean isListed() {
        return absence.isEmpty();
    }

    boolean isRemoved() {
        return absence.equals("REMOVED");
    }

    boolean isDead() {
        return state.equals("DEAD");
    }

    /** Whether it ended as a container ends that NodeAgent stops. */
    boolean mayBeStopped() {
        return isDead() && exitCode.equals("137") && !killedForMemory;
    }
}
