// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.pullpiri.statemanager.limits.AddressShares;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A complete request, and the only way to answer it. It is answered once, by any thread except the HTTP thread. */
final class Exchange {

    private final HttpConnection connection;
    private final String method;
    private final String target;
    private final HttpHeaders headers;
    private final List<byte[]> body;
    private final long arrived = System.nanoTime();

    /**
     * @param target path and query as they were sent
     * @param body the body in pieces
     */
    Exchange(HttpConnection connection, String method, String target, HttpHeaders headers, List<byte[]> body) {
        this.connection = connection;
        this.method = method;
        this.target = target;
        this.headers = headers;
        this.body = body;
    }

    /** Returns the time at which the request was complete, by {@link System#nanoTime}. */
    long arrived() {
        return arrived;
    }

    /** The head of an answer. */
    record Head(int status, Map<String, String> headers) {}

    String method() {
        return method;
    }

    boolean isHead() {
        return method.equals("HEAD");
    }

    /** Returns path and query as they were sent. */
    String target() {
        return target;
    }

    /** Returns the client's address in the form of {@link AddressShares#addressOf}. */
    String address() {
        return connection.address();
    }

    /** Returns the first header of that name; null if there is none. */
    @Nullable
    String header(String name) {
        return headers.get(name);
    }

    /** Returns all headers of that name, in their order. */
    List<String> headers(String name) {
        return headers.getAll(name);
    }

    /** Returns the whole body; empty if there is none. */
    byte[] body() {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        body.forEach(whole::writeBytes);
        return whole.toByteArray();
    }

    /** Sends a whole answer without blocking. The content is released after it was sent; it may share its memory. */
    void send(Head head, ByteBuf content) {
        connection.send(head, content);
    }

    /** Begins an answer of unknown length. The caller closes it when it is whole, and otherwise cuts the connection. */
    ResponseBody begin(Head head) {
        return connection.begin(head, true);
    }

    /** Begins a stream: an answer without a time limit, which ends when the client closes the connection. */
    ResponseBody beginStream(Head head) {
        return connection.begin(head, false);
    }

    /** Sets the place that the answer holds. The place is reusable while the client reads slowly. */
    void hold(AddressShares.Place place) {
        connection.hold(place);
    }

    /** Closes the connection, which shows that the answer is incomplete. */
    void cut() {
        connection.close();
    }

    /** Returns whether the connection is open. A stream notices a closed connection at once, other answers later. */
    boolean isOpen() {
        return connection.isOpen();
    }
}
