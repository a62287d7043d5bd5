// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Unit;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.view.OffloadEntry;
import io.pullpiri.statemanager.view.OffloadRecord;
import io.pullpiri.statemanager.view.ReconcileRecord;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/** Defines all metrics of a server. The files in deploy/ rely on their names. May be used from any thread. */
public final class Metrics {

    private static final double[] SECONDS = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
    private static final double[] COMMANDS = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000};

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final AtomicBoolean jvm = new AtomicBoolean();

    private final Histogram cascade = Histogram.builder()
            .name("statemanager_cascade_seconds")
            .help("From a command's receipt until all that follows from it is durable")
            .unit(Unit.SECONDS)
            .classicOnly()
            .classicUpperBounds(SECONDS)
            .register(registry);
    private final Histogram commit = Histogram.builder()
            .name("statemanager_commit_seconds")
            .help("One transaction on the store, successful or not")
            .unit(Unit.SECONDS)
            .classicOnly()
            .classicUpperBounds(SECONDS)
            .register(registry);
    private final Histogram batch = Histogram.builder()
            .name("statemanager_batch_commands")
            .help("Commands that were decided and committed together")
            .classicOnly()
            .classicUpperBounds(COMMANDS)
            .register(registry);
    private final Counter transitions = Counter.builder()
            .name("statemanager_transitions_total")
            .help("Changes of state; to is 'gone' for a resource that was removed")
            .labelNames("kind", "to")
            .register(registry);
    private final Counter watchRestarts = Counter.builder()
            .name("statemanager_watch_restarts_total")
            .help("How often the watch on the store was lost and the store re-read")
            .register(registry);

    /** Registers the metrics that are read on each scrape. Called once, by the manager. */
    void watch(Manager manager, Reconciler reconciler, Clock clock) {
        gauge("statemanager_ready", "1 if the store was read and can be written", () -> manager.isReady() ? 1 : 0);
        gauge("statemanager_queue_commands", "Commands that wait", manager::waiting);
        gauge(
                "statemanager_reconcile_open",
                "Packages that ActionController is to reconcile",
                () -> records(manager.view()).count());
        gauge(
                "statemanager_reconcile_oldest_seconds",
                "For how long the one that is dead the longest has been dead; 0 if there is none",
                () -> records(manager.view())
                        .mapToLong(ReconcileRecord::sinceNanos)
                        .mapToDouble(since -> seconds(clock.now().wallNanos() - since))
                        .max()
                        .orElse(0));
        NodeMetrics.register(registry, manager);
        watchResources(manager);
        watchReconciler(reconciler);
        watchOffloads(manager);
        watchAnomalies(manager.anomalies());
    }

    private void watchResources(Manager manager) {
        GaugeWithCallback.builder()
                .name("statemanager_resources")
                .help("Resources by state")
                .labelNames("kind", "state")
                .callback(callback -> {
                    View view = manager.view();
                    for (ResourceKind kind : ResourceKind.WITH_STATES) {
                        count(view, kind).forEach((state, count) -> callback.call(count, kind.label(), state.title()));
                    }
                })
                .register(registry);
        GaugeWithCallback.builder()
                .name("statemanager_nodes")
                .help("Nodes; known is false for those that never named a model of a package")
                .labelNames("known")
                .callback(callback -> {
                    View view = manager.view();
                    int unknown = view.unknownNodes().oldestFirst().size();
                    callback.call(view.nodes().size() - unknown, "true");
                    callback.call(unknown, "false");
                })
                .register(registry);
    }

    private void watchReconciler(Reconciler reconciler) {
        CounterWithCallback.builder()
                .name("statemanager_reconcile_steps_total")
                .help("Requests to ActionController, and what became of them")
                .labelNames("step")
                .callback(callback -> reconciler
                        .steps()
                        .forEach((step, count) ->
                                callback.call(count, step.name().toLowerCase(Locale.ROOT))))
                .register(registry);
    }

    /** Registers the metrics of offloads. Called once. */
    public void watch(Offloader offloader) {
        CounterWithCallback.builder()
                .name("statemanager_offloads_total")
                .help("Requests to move a model to another node, by what became of them")
                .labelNames("outcome")
                .callback(callback -> offloader
                        .outcomes()
                        .forEach((outcome, count) ->
                                callback.call(count, outcome.name().toLowerCase(Locale.ROOT))))
                .register(registry);
    }

    private void watchOffloads(Manager manager) {
        GaugeWithCallback.builder()
                .name("statemanager_offloading_models")
                .help("Models that are being moved (open, settling), or that no node has since a move (lost)")
                .labelNames("phase")
                .callback(callback -> {
                    Map<OffloadRecord.Phase, Integer> counts = new EnumMap<>(OffloadRecord.Phase.class);
                    for (OffloadEntry entry : manager.view().offloads().values()) {
                        if (entry.record() != null) {
                            counts.merge(entry.record().phase(), 1, Integer::sum);
                        }
                    }
                    for (OffloadRecord.Phase phase : OffloadRecord.Phase.values()) {
                        callback.call(
                                counts.getOrDefault(phase, 0), phase.name().toLowerCase(Locale.ROOT));
                    }
                })
                .register(registry);
    }

    private void watchAnomalies(Anomalies anomalies) {
        CounterWithCallback.builder()
                .name("statemanager_nodes_evicted_total")
                .help("Unknown nodes that were evicted because such nodes fill their share of the memory")
                .callback(callback -> callback.call(anomalies.counts().getOrDefault(Anomalies.EVICTED, 0L)))
                .register(registry);
        CounterWithCallback.builder()
                .name("statemanager_rejected_inputs_total")
                .help("Inputs that were refused or ignored")
                .labelNames("reason")
                .callback(callback -> anomalies.counts().forEach((reason, count) -> {
                    if (!Anomalies.NOT_REJECTED.contains(reason)) {
                        callback.call(count, reason);
                    }
                }))
                .register(registry);
        CounterWithCallback.builder()
                .name("statemanager_refusals_total")
                .help("What a limit refused, and why")
                .labelNames("limit", "reason")
                .callback(callback -> anomalies
                        .refusals()
                        .forEach((refusal, count) -> callback.call(count, refusal.limit(), refusal.reason())))
                .register(registry);
        CounterWithCallback.builder()
                .name("statemanager_faults_total")
                .help("Faults that Timpani has reported")
                .callback(callback -> callback.call(anomalies.counts().getOrDefault(Anomalies.FAULT, 0L)))
                .register(registry);
    }

    /** Registers a gauge that is read on each scrape. */
    public void gauge(String name, String help, DoubleSupplier reading) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .callback(callback -> callback.call(reading.getAsDouble()))
                .register(registry);
    }

    /** Registers a counter that is read on each scrape. */
    public void counter(String name, String help, LongSupplier reading) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .callback(callback -> callback.call((double) reading.getAsLong()))
                .register(registry);
    }

    private static Stream<ReconcileRecord> records(View view) {
        return view.packages().values().stream()
                .map(entry -> entry.reconcile().value())
                .filter(Objects::nonNull);
    }

    private static Map<NamedState, Integer> count(View view, ResourceKind kind) {
        Map<NamedState, Integer> counts = new LinkedHashMap<>();
        for (NamedState state : kind.states()) {
            counts.put(state, 0);
        }
        for (ResourceEntry<?> entry : view.resources(kind).values()) {
            NamedState state = entry.state().value();
            if (state != null) {
                counts.merge(state, 1, Integer::sum);
            }
        }
        return counts;
    }

    /**
     * Counts a committed batch.
     *
     * @param now in {@link Timestamp#monotonicNanos}
     */
    void batch(List<CommandQueue.PendingCommand> entries, Plan plan, long now) {
        batch.observe(entries.size());
        entries.stream()
                .filter(CommandQueue.PendingCommand::hasCaller)
                .forEach(entry -> cascade.observe(seconds(now - entry.received())));
        plan.transactions().forEach(planned -> planned.transitions().forEach(this::changed));
    }

    /** Records how long one transaction took. */
    void committed(long nanos) {
        commit.observe(seconds(nanos));
    }

    private void changed(Transition change) {
        transitions
                .labelValues(change.kind().label(), change.to().isEmpty() ? "gone" : change.to())
                .inc();
    }

    void watchRestarted() {
        watchRestarts.inc();
    }

    private static double seconds(long nanos) {
        return nanos / (double) TimeUnit.SECONDS.toNanos(1);
    }

    /** Returns the current values of all metrics. */
    public MetricSnapshots scrape() {
        // Not at the start: loading Java's management takes longer than the rest of the server's start.
        if (!jvm.getAndSet(true)) {
            JvmMetrics.builder().register(registry);
        }
        return registry.scrape();
    }
}
