// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PortBindingTest {

    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    private static ServerSocket listen(int port) throws IOException {
        return new ServerSocket(port, 1, LOOPBACK);
    }

    @Test
    void portThatAnotherProcessListensOn_isAnErrorThatNamesTheProcess() throws Exception {
        try (ServerSocket taken = listen(0)) {
            int port = taken.getLocalPort();
            assertThatThrownBy(() -> PortBinding.open("127.0.0.1", port, "port", () -> listen(port)))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("cannot listen on 127.0.0.1:" + port + " (setting port): ")
                    .hasMessageContaining("process " + ProcessHandle.current().pid() + " (")
                    .hasMessageEndingWith("), LISTEN");
        }
    }

    @Test
    void portOfAnOutgoingConnection_isOpenedWhenTheConnectionEnds() throws Exception {
        Socket outgoing = new Socket();
        try (ServerSocket peer = listen(0)) {
            outgoing.bind(new InetSocketAddress(LOOPBACK, 0));
            outgoing.connect(peer.getLocalSocketAddress());
            outgoing.setSoLinger(true, 0); // no TIME_WAIT
            int port = outgoing.getLocalPort();
            AtomicInteger attempts = new AtomicInteger();
            CompletableFuture<ServerSocket> opened = CompletableFuture.supplyAsync(() -> {
                try {
                    return PortBinding.open("127.0.0.1", port, "port", () -> {
                        attempts.incrementAndGet();
                        return listen(port);
                    });
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            Await.until(Duration.ofSeconds(20), () -> "tried again", () -> attempts.get() > 1);
            assertThat(opened).isNotDone();
            outgoing.close();
            try (ServerSocket server = opened.get(20, TimeUnit.SECONDS)) {
                assertThat(server.getLocalPort()).isEqualTo(port);
            }
        } finally {
            outgoing.close();
        }
    }

    @Test
    void otherError_isReportedAtOnce() {
        assertThatThrownBy(() -> PortBinding.open("127.0.0.1", 1, "port", () -> {
                    throw new IOException("no permission");
                }))
                .hasMessage("cannot listen on 127.0.0.1:1 (setting port): no permission");
    }
}
