// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile.flood;

import io.grpc.health.v1.HealthGrpc;
import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.hostile.flood.Attack.Manner;
import io.pullpiri.statemanager.hostile.flood.Attack.Port;
import io.pullpiri.statemanager.testing.Frames;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntFunction;

/** The attacks of hostile clients. */
final class Attacks {

    private static final int CALLS_OF_A_CONNECTION = 200;
    private static final String REPORT =
            "/" + StateManagerConnectionGrpc.getSendChangedContainerListMethod().getFullMethodName();
    private static final String SUBSCRIBE =
            "/" + StateManagerConnectionGrpc.getSubscribeToStateChangesMethod().getFullMethodName();
    private static final String LIST =
            "/" + StateManagerConnectionGrpc.getListResourcesByStateMethod().getFullMethodName();
    private static final String WATCH = "/" + HealthGrpc.getWatchMethod().getFullMethodName();

    private static final byte[] NOTHING = {};

    static final Attack INVENTED_NODES =
            new Attack("lists from invented nodes", Port.GRPC, 10, Attacks::inventedNodes, Manner.REPEAT);

    private Attacks() {}

    static List<Attack> all() {
        return List.of(
                new Attack("unfinished headers of 380 KB", Port.HTTP, 220, always(unfinishedHeader()), Manner.WAIT),
                new Attack(
                        "headers that come byte by byte", Port.HTTP, 500, always(unfinishedHeader()), Manner.TRICKLE),
                new Attack("slow readers of the 1.1 MB script", Port.HTTP, 1_050, always(script()), Manner.SIP),
                new Attack("POSTs whose bodies never come", Port.HTTP, 100, always(bodilessPost()), Manner.WAIT),
                new Attack("all event streams", Port.HTTP, 1_100, always(get("/api/v1/events")), Manner.SIP),
                new Attack("all HTTP connections", Port.HTTP, 1_500, always(NOTHING), Manner.WAIT),
                new Attack("HTTP connections that are reset", Port.HTTP, 100, always(get("/metrics")), Manner.RESET),
                new Attack("all gRPC connections", Port.GRPC, 2_200, always(greeting()), Manner.WAIT),
                new Attack("all connections for faults", Port.FAULTS, 2_200, always(greeting()), Manner.WAIT),
                new Attack("gRPC connections that are reset", Port.GRPC, 100, always(subscriptions(1)), Manner.RESET),
                new Attack("all subscriptions", Port.GRPC, 12, always(subscriptions(100)), Manner.SIP),
                new Attack("watches of the health service", Port.GRPC, 100, always(watches()), Manner.WAIT),
                new Attack("calls without a request", Port.GRPC, 150, always(halfOpenCalls()), Manner.WAIT),
                new Attack("requests that do not end", Port.GRPC, 60, always(unfinishedMessages()), Manner.WAIT),
                new Attack("requests that come byte by byte", Port.GRPC, 1_000, always(bytes()), Manner.TRICKLE),
                new Attack("calls that are cancelled at once", Port.GRPC, 20, always(rapidResets()), Manner.REPEAT),
                new Attack("answers that are not taken", Port.GRPC, 30, always(lists()), Manner.SIP),
                new Attack("settings whose answers are not taken", Port.GRPC, 50, always(settings()), Manner.SIP),
                new Attack(
                        "two million containers of two bytes", Port.GRPC, 4, always(emptyContainers()), Manner.REPEAT),
                new Attack("lists of 100 KB from invented nodes", Port.GRPC, 20, Attacks::largeLists, Manner.REPEAT),
                INVENTED_NODES);
    }

    private static IntFunction<byte[]> always(byte[] script) {
        return any -> script;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] get(String path) {
        return ascii("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }

    private static byte[] script() {
        return get("/lib/echarts/echarts.esm.min.js");
    }

    private static byte[] unfinishedHeader() {
        return ascii("GET / HTTP/1.1\r\nHost: localhost\r\nX-Filler: " + "x".repeat(380_000));
    }

    private static byte[] bodilessPost() {
        return ascii("POST /api/v1/artifacts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n");
    }

    private static byte[] greeting() {
        return new Frames().greet().toBytes();
    }

    private static byte[] calls(int count, String path, byte[] message) {
        Frames frames = new Frames().greet();
        for (int stream = 1; stream < 2 * count; stream += 2) {
            frames.call(stream, path).message(stream, message.length, message).end(stream);
        }
        return frames.toBytes();
    }

    private static byte[] subscriptions(int count) {
        return calls(count, SUBSCRIBE, NOTHING);
    }

    private static byte[] watches() {
        return calls(CALLS_OF_A_CONNECTION, WATCH, NOTHING);
    }

    private static byte[] lists() {
        return calls(CALLS_OF_A_CONNECTION, LIST, new byte[] {8, 3}); // resource_type: a model
    }

    private static byte[] halfOpenCalls() {
        Frames frames = new Frames().greet();
        for (int stream = 1; stream < 2 * CALLS_OF_A_CONNECTION; stream += 2) {
            frames.call(stream, REPORT);
        }
        return frames.toBytes();
    }

    private static byte[] unfinishedMessages() {
        Frames frames = new Frames().greet();
        for (int stream = 1; stream < 20; stream += 2) {
            frames.call(stream, REPORT).message(stream, 4 << 20, new byte[90_000]);
        }
        return frames.toBytes();
    }

    /** Frames with one byte each. */
    private static byte[] bytes() {
        Frames frames = new Frames().greet().call(1, REPORT).message(1, 4 << 20, NOTHING);
        for (int i = 0; i < 10_000; i++) {
            frames.data(1, new byte[1]);
        }
        return frames.toBytes();
    }

    private static byte[] rapidResets() {
        Frames frames = new Frames().greet();
        for (int stream = 1; stream < 2_000; stream += 2) {
            frames.call(stream, LIST).reset(stream);
        }
        return frames.toBytes();
    }

    private static byte[] settings() {
        Frames frames = new Frames().greet();
        for (int i = 0; i < 9_000; i++) {
            frames.settings();
        }
        return frames.toBytes();
    }

    private static byte[] emptyContainers() {
        byte[] list = new byte[4_000_000];
        for (int i = 0; i < list.length; i += 2) {
            list[i] = ContainerList.CONTAINERS_FIELD_NUMBER << 3 | 2;
        }
        return new Frames()
                .greet()
                .call(1, REPORT)
                .message(1, list.length, list)
                .end(1)
                .toBytes();
    }

    private static byte[] largeLists(int number) {
        Frames frames = new Frames().greet();
        for (int stream = 1; stream < 20; stream += 2) {
            byte[] list = Lists.ofUnknown("large-%d-%d".formatted(number % 100, stream), 60, 1_500)
                    .toByteArray();
            frames.call(stream, REPORT).message(stream, list.length, list).end(stream);
        }
        return frames.toBytes();
    }

    private static byte[] inventedNodes(int number) {
        Frames frames = new Frames().greet();
        for (int stream = 1; stream < 20; stream += 2) {
            byte[] list = Lists.ofUnknown("invented-%d-%d".formatted(number, stream), 1_000, 0)
                    .toByteArray();
            frames.call(stream, REPORT).message(stream, list.length, list).end(stream);
        }
        return frames.toBytes();
    }

    /** Container lists. */
    static final class Lists {

        private Lists() {}

        /** A list of containers of models that no package names. */
        static ContainerList ofUnknown(String node, int containers, int filler) {
            ContainerList.Builder list = ContainerList.newBuilder().setNodeName(node);
            for (int i = 0; i < containers; i++) {
                list.addContainers(container(node + "-" + i, "model-" + node + "-" + i, true, filler));
            }
            return list.build();
        }

        static ContainerInfo container(String id, String name, boolean running, int filler) {
            return ContainerInfo.newBuilder()
                    .setId(id)
                    .addNames(name)
                    .setImage("localhost/image")
                    .putState("Status", running ? "running" : "exited")
                    .putState("ExitCode", running ? "0" : "1")
                    .putConfig("Filler", "f".repeat(filler))
                    .build();
        }
    }
}
