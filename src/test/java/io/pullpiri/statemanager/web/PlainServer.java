// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.pullpiri.statemanager.manager.Anomalies;
import io.pullpiri.statemanager.manager.Clock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** The HTTP port with answers that a test makes. */
final class PlainServer implements AutoCloseable {

    final Anomalies anomalies = new Anomalies(Clock.system());
    final HttpConnections connections;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    PlainServer(WriteTimeouts timeouts, Function<Exchange, Reply> answers) throws IOException {
        this(timeouts, answers, 100, 1 << 20);
    }

    PlainServer(WriteTimeouts timeouts, Function<Exchange, Reply> answers, int most, long requestBytes)
            throws IOException {
        connections = new HttpConnections(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                new HttpConnections.Service() {
                    @Override
                    public boolean isVital(String method, String target) {
                        return target.equals("/health");
                    }

                    @Override
                    public boolean takesBody(String method, String target) {
                        return method.equals("POST");
                    }

                    @Override
                    public void serve(Exchange exchange) {
                        threads.execute(() -> answer(exchange, answers));
                    }
                },
                timeouts,
                anomalies,
                most,
                requestBytes);
    }

    private static void answer(Exchange exchange, Function<Exchange, Reply> answers) {
        try {
            answers.apply(exchange).send(exchange);
        } catch (IOException | RuntimeException e) {
            exchange.cut();
        }
    }

    @Override
    public void close() {
        connections.close();
        threads.shutdownNow();
    }
}
