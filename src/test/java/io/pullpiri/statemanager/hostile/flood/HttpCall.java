// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile.flood;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** An HTTP request like that of a probe or a scraper, on a connection of its own. */
final class HttpCall {

    private static final int PATIENCE_MILLIS = 30_000;

    private HttpCall() {}

    /**
     * Sends a request, and reads the whole answer.
     *
     * @throws IOException if the status is not 200, or the answer is not complete within 30 s
     */
    static String get(int port, String path) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        try (Socket socket = ask(port, path, "close")) {
            InputStream in = socket.getInputStream();
            byte[] buffer = new byte[64 << 10];
            StringBuilder answer = new StringBuilder();
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                answer.append(new String(buffer, 0, read, StandardCharsets.ISO_8859_1));
                if (System.nanoTime() > deadline) {
                    throw new SocketTimeoutException("the answer took longer than " + PATIENCE_MILLIS + " ms");
                }
            }
            require200(answer.toString());
            return answer.toString();
        }
    }

    /**
     * Reads a stream until the server ends it.
     *
     * @param stopped whether the client ends it
     */
    static void stream(int port, String path, BooleanSupplier stopped) throws IOException {
        try (Socket socket = ask(port, path, "keep-alive")) {
            InputStream in = socket.getInputStream();
            byte[] buffer = new byte[8 << 10];
            int read = in.read(buffer);
            if (read > 0) {
                require200(new String(buffer, 0, read, StandardCharsets.ISO_8859_1));
            }
            socket.setSoTimeout(PATIENCE_MILLIS); // the server sends a heartbeat every 10 s
            while (read >= 0 && !stopped.getAsBoolean()) {
                read = in.read(buffer);
            }
        }
    }

    private static Socket ask(int port, String path, String connection) throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PATIENCE_MILLIS);
        socket.getOutputStream()
                .write("GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n"
                        .formatted(path, connection)
                        .getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static void require200(String answer) throws IOException {
        if (!answer.startsWith("HTTP/1.1 200 ")) {
            throw new IOException(
                    answer.isEmpty()
                            ? "closed without an answer"
                            : answer.lines().findFirst().orElse(""));
        }
    }
}
