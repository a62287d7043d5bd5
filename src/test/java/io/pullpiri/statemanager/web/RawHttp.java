// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** A client that sends exactly the bytes of a test. */
final class RawHttp implements AutoCloseable {

    private final Socket socket = new Socket();
    private final InputStream in;

    /** @param head the status line, then the header fields with names in lower case */
    record Answer(String status, Map<String, String> head, String body) {

        int code() {
            return Integer.parseInt(status.split(" ", -1)[1]);
        }
    }

    RawHttp(int port) throws IOException {
        this(port, "127.0.0.1");
    }

    /** @param from the local address of the connection */
    RawHttp(int port, String from) throws IOException {
        socket.setReceiveBufferSize(4_096);
        socket.setSoTimeout(10_000);
        socket.setTcpNoDelay(true);
        socket.bind(new InetSocketAddress(from, 0));
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        in = new BufferedInputStream(socket.getInputStream());
    }

    RawHttp send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new IOException("the server has closed the connection after: " + line);
            }
            if (c != '\r') {
                line.write(c);
            }
        }
        return line.toString(StandardCharsets.ISO_8859_1);
    }

    /** Reads the head of an answer, but not its body. */
    Answer head() throws IOException {
        String status = line();
        Map<String, String> head = new LinkedHashMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            String[] field = line.split(": ", 2);
            head.put(field[0].toLowerCase(Locale.ROOT), field[1]);
        }
        return new Answer(status, head, "");
    }

    Answer answer() throws IOException {
        Answer begun = head();
        String status = begun.status();
        Map<String, String> head = begun.head();
        if (head.containsKey("content-length")) {
            byte[] body = in.readNBytes(Integer.parseInt(head.get("content-length")));
            return new Answer(status, head, new String(body, StandardCharsets.UTF_8));
        }
        boolean chunked = "chunked".equals(head.get("transfer-encoding"));
        StringBuilder body = new StringBuilder();
        while (chunked) {
            int size = Integer.parseInt(line(), 16);
            body.append(new String(in.readNBytes(size), StandardCharsets.UTF_8));
            String _ = line();
            chunked = size > 0;
        }
        return new Answer(status, head, body.toString());
    }

    /** Reads everything until the server closes or resets the connection. */
    String rest() throws IOException {
        ByteArrayOutputStream rest = new ByteArrayOutputStream();
        try {
            in.transferTo(rest);
        } catch (SocketException e) {
            // A reset is also an end.
        }
        return rest.toString(StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
