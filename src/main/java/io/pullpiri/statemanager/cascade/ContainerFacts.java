package io.pullpiri.statemanager.cascade;

import java.util.Map;

/**
 * One container as a NodeAgent reports it: podman's words, untouched.
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
        Map<String, String> annotations) {}
