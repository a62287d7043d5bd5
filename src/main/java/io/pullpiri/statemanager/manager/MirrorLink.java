package io.pullpiri.statemanager.manager;

import java.time.Duration;
import java.util.EnumMap;
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

    /** The parts of the mirror, each with troubles of its own. */
    public enum Part {
        STATES,
        ARTIFACTS,
        CONTAINERS
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
    public synchronized void enable() {
        enabled = true;
        failed(Part.STATES, "Pullpiri's store has not been read yet");
    }

    /** Records that a part of the mirror has no trouble; returns whether it had. */
    public synchronized boolean succeeded(Part part) {
        return troubles.remove(part) != null;
    }

    /** Records why both stores may differ. The lag counts from the first trouble of a part in a row. */
    public synchronized void failed(Part part, String reason) {
        Trouble before = troubles.get(part);
        long since = before == null ? clock.now().monotonicNanos() : before.sinceNanos();
        troubles.put(part, new Trouble(reason, since));
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
