// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Connects the server with the mirror of Pullpiri's store, which runs in threads of its own. The mirror records its troubles
 * here, and health, metrics and operators read them. May be used from any thread.
 */
public final class MirrorLink {

    private final Clock clock;
    private final Map<Part, Trouble> troubles = new EnumMap<>(Part.class);
    private boolean enabled;
    private volatile Control control = new Control() {};

    /** The parts of the mirror, each with troubles of its own. */
    public enum Part {
        STATES,
        ARTIFACTS,
        CONTAINERS;

        /** The name of the part in log lines. */
        public String logName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What the server and operators ask of the mirror. Without a mirror it does nothing. */
    public interface Control {

        /** ApiServer has announced a scenario: its artifacts are new in Pullpiri's store, or will be soon. */
        default void announced() {}

        /**
         * Accepts that the artifacts that are missing in Pullpiri's store were deleted there.
         *
         * @return their keys; empty if no deletion waits for a confirmation
         */
        default List<String> accept() {
            return List.of();
        }
    }

    private record Trouble(String reason, long sinceNanos) {}

    /**
     * The health of the mirror.
     *
     * @param enabled whether the server mirrors Pullpiri's store
     * @param trouble why both stores may differ, for operators; empty while they agree
     * @param lag for how long they may have differed; zero while they agree
     */
    public record Health(boolean enabled, String trouble, Duration lag) {}

    MirrorLink(Clock clock) {
        this.clock = clock;
    }

    /** Begins a mirror. Nothing is known of Pullpiri's store yet. */
    public synchronized void enable(Control mirror) {
        control = mirror;
        enabled = true;
        failed(Part.STATES, "Pullpiri's store has not been read yet");
        failed(Part.ARTIFACTS, "Pullpiri's store has not been read yet");
    }

    /** Notifies the mirror of an announcement by ApiServer. */
    void announced() {
        control.announced();
    }

    /** Accepts deletions; see {@link Control#accept}. */
    public List<String> accept() {
        return control.accept();
    }

    /** Records that a part of the mirror has no trouble; returns whether it had. */
    public synchronized boolean succeeded(Part part) {
        return troubles.remove(part) != null;
    }

    /**
     * Records why both stores may differ. The lag counts from the first trouble of a part in a row.
     *
     * @return whether the reason is new
     */
    public synchronized boolean failed(Part part, String reason) {
        Trouble before = troubles.get(part);
        long since = before == null ? clock.now().monotonicNanos() : before.sinceNanos();
        troubles.put(part, new Trouble(reason, since));
        return before == null || !before.reason().equals(reason);
    }

    /** Returns the health of the mirror now. */
    public synchronized Health health() {
        long now = clock.now().monotonicNanos();
        long first =
                troubles.values().stream().mapToLong(Trouble::sinceNanos).min().orElse(now);
        String trouble =
                troubles.values().stream().map(Trouble::reason).distinct().collect(Collectors.joining("; "));
        return new Health(enabled, trouble, Duration.ofNanos(now - first));
    }
}
