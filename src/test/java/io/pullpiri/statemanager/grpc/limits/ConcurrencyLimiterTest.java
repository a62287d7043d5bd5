package io.pullpiri.statemanager.grpc.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.pullpiri.statemanager.manager.Anomalies;
import io.pullpiri.statemanager.manager.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ConcurrencyLimiterTest {

    private static final Executor THREADS = task -> Thread.ofVirtual().start(task);

    private final Anomalies anomalies = new Anomalies(Clock.system());
    private final ConcurrencyLimiter limiter = new ConcurrencyLimiter(1, "turns", anomalies);
    private final CompletableFuture<String> store = new CompletableFuture<>();
    private final CompletableFuture<Boolean> reading = new CompletableFuture<>();

    @Test
    void taskWhoseWaitEnds_isRejectedAndOneThatWaitsLongerRuns() throws Exception {
        CompletableFuture<String> first = CompletableFuture.supplyAsync(() -> take(Duration.ZERO), THREADS);
        assertThat(reading.get(30, TimeUnit.SECONDS)).isTrue();

        assertThatThrownBy(() -> take(Duration.ofMillis(1))).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
            assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(e.getStatus().getDescription()).isEqualTo("busy: so many callers are being answered already: 1");
        });
        assertThat(anomalies.refusals()).containsEntry(new Anomalies.RefusalLabels("turns", "busy"), 1L);
        store.complete("read");

        assertThat(first.get(30, TimeUnit.SECONDS)).isEqualTo("read");
        assertThat(take(Duration.ofSeconds(5))).isEqualTo("read");
    }

    @Test
    void failedTask_releasesItsPlace() {
        assertThatThrownBy(() -> limiter.take(Duration.ZERO, () -> {
                    throw new IllegalStateException("away");
                }))
                .hasMessage("away");
        store.complete("read");

        assertThat(take(Duration.ZERO)).isEqualTo("read");
    }

    private String take(Duration patience) {
        List<String> read = new ArrayList<>();
        limiter.take(patience, () -> {
            reading.complete(true);
            read.add(store.join());
        });
        return read.getFirst();
    }
}
