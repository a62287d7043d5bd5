// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.container;

import java.util.Map;

/**
 * One container as a NodeAgent reports it, with podman's texts unchanged.
 *
 * @param name with or without podman's leading slash
 * @param state podman's {@code State}: Status, ExitCode, OOMKilled and others, all as text
 * @param annotations the container's labels and annotations together
 */
public record ContainerFacts(
        String id,
        String name,
        String image,
        Map<String, String> state,
        Map<String, String> config,
        Map<String, String> annotations) {

    /** When the container was last started, in nanoseconds since 1970; 0 if it is not known. */
    public long startedNanos() {
        return PodmanTime.nanos(state.get("StartedAt"));
    }

    /** When the container last ended, in nanoseconds since 1970; 0 if it is not known. It stays when the container starts again. */
    public long finishedNanos() {
        return PodmanTime.nanos(state.get("FinishedAt"));
    }

    /** The estimated memory of the facts in bytes. */
    public long bytes() {
        return 200L + id.length() + name.length() + image.length() + bytes(state) + bytes(config) + bytes(annotations);
    }

    private static long bytes(Map<String, String> map) {
        long bytes = 0;
        for (Map.Entry<String, String> entry : map.entrySet()) {
            bytes += 100 + entry.getKey().length() + entry.getValue().length();
        }
        return bytes;
    }
}
