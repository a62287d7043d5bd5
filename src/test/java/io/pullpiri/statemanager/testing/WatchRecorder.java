// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.store.WatchListener;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;

/** A listener that records its events, and fails the test if two calls overlap. */
public final class WatchRecorder implements WatchListener {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final List<List<WatchEvent>> calls = new CopyOnWriteArrayList<>();
    private final List<String> losses = new CopyOnWriteArrayList<>();
    private final AtomicBoolean inCall = new AtomicBoolean();
    private final AtomicBoolean overlapped = new AtomicBoolean();

    @Override
    public void onEvents(List<WatchEvent> events) {
        alone(() -> calls.add(events));
    }

    @Override
    public void onLost(String reason) {
        alone(() -> losses.add(reason));
    }

    public List<List<WatchEvent>> calls() {
        return calls;
    }

    public List<WatchEvent> events() {
        return calls.stream().flatMap(List::stream).toList();
    }

    public List<WatchEvent> awaitEvents(int count) {
        return await("event " + count, _ -> events().size() >= count).events();
    }

    public WatchRecorder awaitEvent(String key) {
        return await(
                "an event of " + key,
                _ -> events().stream().anyMatch(event -> event.key().equals(key)));
    }

    public String awaitLoss() {
        await("a loss", _ -> !losses.isEmpty());
        assertThat(losses).hasSize(1);
        return losses.getFirst();
    }

    public boolean isLost() {
        return !losses.isEmpty();
    }

    public WatchRecorder assertNotLost() {
        assertThat(losses).isEmpty();
        return this;
    }

    private WatchRecorder await(String what, Predicate<WatchRecorder> condition) {
        Await.until(PATIENCE, () -> what + "; events " + events() + ", losses " + losses, () -> condition.test(this));
        assertThat(overlapped).as("overlapping calls of the listener").isFalse();
        return this;
    }

    private void alone(Runnable call) {
        if (!inCall.compareAndSet(false, true)) {
            overlapped.set(true);
        }
        call.run();
        inCall.set(false);
    }
}
