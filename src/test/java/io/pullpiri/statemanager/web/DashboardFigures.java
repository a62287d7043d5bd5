// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_MODEL;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.statemanager.StateChangeEvent;
import io.pullpiri.proto.statemanager.StateChangeSubscriptionRequest;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/** Measures the delays of the dashboard and of subscribers. This is a program, not a test. */
final class DashboardFigures {

    private static final int PACKAGES = 10_000;
    private static final int SUBSCRIBERS = 100;
    private static final int CHANGES = 5_000;
    private static final Duration LONG = Duration.ofMinutes(2);

    private DashboardFigures() {}

    @SuppressWarnings("SystemOut") // it prints figures
    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("figures");
        try (ServerRig rig = new ServerRig("sqlite:" + folder.resolve("states.db"), "off", Map.of());
                Browser browser = new Browser("en-US")) {
            for (int from = 0; from < PACKAGES; from += 1_000) {
                StringBuilder yaml = new StringBuilder();
                for (int i = from; i < from + 1_000; i++) {
                    yaml.append("kind: Package\nmetadata: {name: app-%05d}\nspec: {models: [{name: m-%05d}]}\n---\n"
                            .formatted(i, i));
                }
                rig.apply(yaml.toString());
            }
            List<Double> loads = new ArrayList<>();
            for (int i = 0; i < 7; i++) {
                browser.open(rig.server.httpPort(), "/");
                browser.awaitText(".search span", "10,000");
                loads.add(Double.parseDouble(browser.script("return performance.getEntriesByName('shown')[0].startTime")
                        .toString()));
            }
            System.out.printf("page load, 10,000 packages: %s%n", spread(loads, "ms"));
            List<Double> pixels = new ArrayList<>();
            browser.script("""
                    const wait = () => { const cause = document.querySelector('.row .cause');
                      const exit = /exit code (\\d+)/.exec(cause?.textContent ?? '')?.[1];
                      if (exit && exit !== window.exit) { window.exit = exit;
                        requestAnimationFrame(() => setTimeout(() => {
                          window.painted = performance.timeOrigin + performance.now(); })); }
                      requestAnimationFrame(wait); };
                    wait();""");
            for (int i = 1; i <= 21; i++) {
                Thread.sleep(400);
                Instant sent = Instant.now();
                rig.client()
                        .sendChangedContainerList(ServerRig.list("exited:" + i, "running").toBuilder()
                                .clearContainers()
                                .addContainers(ServerRig.container("m-00007", i % 2 == 0 ? "running" : "exited:" + i))
                                .build());
                if (i % 2 == 1) {
                    String code = Integer.toString(i);
                    Await.until(
                            LONG,
                            () -> "exit code " + code,
                            () -> browser.script("return window.exit")
                                    .toString()
                                    .equals(code));
                    Thread.sleep(100);
                    double painted = Double.parseDouble(
                            browser.script("return window.painted").toString());
                    pixels.add(painted - (sent.getEpochSecond() * 1e3 + sent.getNano() / 1e6));
                }
            }
            System.out.printf("container report to pixel, 10,000 packages: %s%n", spread(pixels, "ms"));
        }
        try (ServerRig rig = new ServerRig("sqlite:" + folder.resolve("few.db"), "off", Map.of())) {
            rig.apply(ServerRig.BRAKING);
            System.out.printf("gRPC: %s%n", grpc(rig));
        }
        try (ServerRig rig = new ServerRig("sqlite:" + folder.resolve("few-more.db"), "off", Map.of())) {
            System.out.printf("server-sent events: %s%n", http(rig));
        }
    }

    private static String spread(List<Double> values, String unit) {
        List<Double> sorted = values.stream().sorted().toList();
        return "median %.0f %s, from %.0f to %.0f (%d runs)"
                .formatted(sorted.get(sorted.size() / 2), unit, sorted.getFirst(), sorted.getLast(), sorted.size());
    }

    /** Each change has two events: one of the model and one of the package. */
    private static String change(ServerRig rig, AtomicLong ready, AtomicLong received) {
        Await.until(LONG, () -> ready + " subscribers", () -> ready.get() == SUBSCRIBERS);
        long start = System.nanoTime();
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int caller = 0; caller < 50; caller++) {
                String model = "m" + caller;
                rig.apply(
                        "kind: Package\nmetadata: {name: p%s}\nspec: {models: [{name: %s}]}\n".formatted(model, model));
                callers.execute(() -> {
                    for (int i = 0; i < CHANGES / 50; i++) {
                        Object _ = rig.client()
                                .sendStateChange(
                                        ServerRig.change(RESOURCE_TYPE_MODEL, model, i % 2 == 0 ? "dead" : "running")
                                                .build());
                    }
                });
            }
        }
        long expected = 2L * CHANGES * SUBSCRIBERS;
        Await.until(LONG, () -> received + " of " + expected, () -> received.get() >= expected);
        double seconds = (System.nanoTime() - start) / 1e9;
        return "%,.0f events/s to %d subscribers (%,d events each in %.1f s)"
                .formatted(received.get() / seconds, SUBSCRIBERS, 2 * CHANGES, seconds);
    }

    private static String grpc(ServerRig rig) {
        AtomicLong ready = new AtomicLong();
        AtomicLong received = new AtomicLong();
        List<ManagedChannel> channels = new ArrayList<>();
        for (int i = 0; i < SUBSCRIBERS; i++) {
            ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", rig.server.port())
                    .usePlaintext()
                    .build();
            channels.add(channel);
            StateManagerConnectionGrpc.newStub(channel)
                    .subscribeToStateChanges(
                            StateChangeSubscriptionRequest.getDefaultInstance(), new StreamObserver<>() {
                                @Override
                                public void onNext(StateChangeEvent event) {
                                    if (!event.getMetadataMap().containsKey("snapshot")) {
                                        received.incrementAndGet();
                                    } else if (event.getStateChange()
                                            .getResourceName()
                                            .equals("braking")) {
                                        ready.incrementAndGet();
                                    }
                                }

                                @Override
                                public void onError(Throwable failure) {}

                                @Override
                                public void onCompleted() {}
                            });
        }
        try {
            return change(rig, ready, received);
        } finally {
            channels.forEach(ManagedChannel::shutdownNow);
        }
    }

    private static String http(ServerRig rig) {
        AtomicLong ready = new AtomicLong();
        AtomicLong received = new AtomicLong();
        try (ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < SUBSCRIBERS; i++) {
                readers.execute(() -> {
                    URI uri = URI.create("http://127.0.0.1:" + rig.server.httpPort() + "/api/v1/events");
                    try (BufferedReader in = new BufferedReader(
                            new InputStreamReader(uri.toURL().openStream(), StandardCharsets.UTF_8))) {
                        for (String line = in.readLine(); line != null; line = in.readLine()) {
                            if (line.equals("event: ready")) {
                                ready.incrementAndGet();
                            } else if (line.equals("event: change")) {
                                received.incrementAndGet();
                            }
                        }
                    } catch (IOException e) {
                        // The measurement has ended.
                    }
                });
            }
            try {
                return change(rig, ready, received);
            } finally {
                rig.close();
                readers.shutdownNow();
            }
        }
    }
}
