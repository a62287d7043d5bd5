// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.container;

import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.state.ExitCode;
import io.pullpiri.statemanager.state.LogText;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The details of podman's {@code State} that an operator needs beside the container's state. All quoted texts are short and
 * printable.
 *
 * @param exitCode the exit code as podman gives it, of a container that has ended or could not be started; empty if it is 0
 * @param podmanStatus podman's status if it differs from the usual one for the state; null otherwise
 * @param why why the container is dead or unknown, or why it could not be started; null for other containers
 */
public record PodmanFacts(
        String exitCode,
        @Nullable String podmanStatus,
        @Nullable String why) {

    private static final int MAX_STATUS = 40;

    /** Enough for a command and the runtime's reason. A node record may hold thousands of such texts. */
    private static final int MAX_ERROR = 200;

    /**
     * The exit codes that podman itself sets: its conmon died, or the container could not be started. With other codes,
     * podman's error may belong to an earlier start: podman 4.4 to 5.2 keep it after a later start succeeded.
     */
    private static final Set<String> ENDS_BY_PODMAN = Set.of("-1", "125", "126", "127");

    /**
     * Reads the details.
     *
     * @param state the state that {@code StateMachine.containerState} derives from the same facts
     */
    // [impl->req~con-stale~1]
    public static PodmanFacts of(ContainerState state, Map<String, String> podman) {
        String status = podman.getOrDefault("Status", "");
        String error = error(podman.getOrDefault("Error", ""));
        // A running container may still have facts of an earlier run: an exit code, or the error of a failed start.
        return switch (state) {
            case DEAD -> {
                String exitCode = exitCode(podman);
                String usual = status.equalsIgnoreCase("dead") ? "dead" : "exited";
                yield new PodmanFacts(exitCode, unusualStatus(status, usual), dead(podman, exitCode, error));
            }
            case EXITED -> new PodmanFacts(exitCode(podman), unusualStatus(status, "exited"), null);
            case CREATED -> notStarted(podman, unusualStatus(status, "created"), error);
            case INITIALIZED -> notStarted(podman, null, error);
            case RUNNING -> new PodmanFacts("", unusualStatus(status, "running"), null);
            case PAUSED -> new PodmanFacts("", null, null);
            case UNKNOWN ->
                new PodmanFacts(
                        "",
                        null,
                        "status '" + excerpt(status, MAX_STATUS) + "', exit code '"
                                + excerpt(podman.getOrDefault("ExitCode", ""), MAX_STATUS) + "'");
        };
    }

    private static PodmanFacts notStarted(Map<String, String> podman, @Nullable String podmanStatus, String error) {
        if (error.isEmpty()) {
            return new PodmanFacts("", podmanStatus, null);
        }
        String exitCode = exitCode(podman);
        return new PodmanFacts(
                exitCode,
                podmanStatus,
                "start failed" + (exitCode.isEmpty() ? "" : " with code " + exitCode) + ": " + error);
    }

    private static String dead(Map<String, String> podman, String exitCode, String error) {
        String reason = "true".equalsIgnoreCase(podman.get("OOMKilled"))
                ? "killed for memory"
                : exitCode.isEmpty() ? "dead" : "exit code " + exitCode;
        return error.isEmpty() || !ENDS_BY_PODMAN.contains(exitCode) ? reason : reason + ", podman's error: " + error;
    }

    private static String exitCode(Map<String, String> podman) {
        String exitCode = podman.getOrDefault("ExitCode", "");
        if (!ExitCode.isOtherThanZero(exitCode)) {
            return "";
        }
        return exitCode.length() <= MAX_STATUS ? exitCode : excerpt(exitCode, MAX_STATUS);
    }

    /** Makes podman's error one printable line of limited length. */
    private static String error(String text) {
        if (text.isEmpty()) {
            return text;
        }
        String begin = text.length() > MAX_ERROR ? text.substring(0, MAX_ERROR) + "…" : text;
        return LogText.printable(begin.replaceAll("\\s+", " ").strip());
    }

    private static @Nullable String unusualStatus(String status, String usual) {
        return status.equalsIgnoreCase(usual) ? null : status.toLowerCase(Locale.ROOT);
    }

    private static String excerpt(String text, int most) {
        return LogText.excerpt(text, most);
    }
}
