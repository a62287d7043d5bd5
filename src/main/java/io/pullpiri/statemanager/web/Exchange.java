package io.pullpiri.statemanager.web;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.pullpiri.statemanager.limits.AddressShares;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A complete request and the way to answer it, once. For any thread but the network's. */
final class Exchange {

    private final HttpConnection connection;
    private final String method;
    private final String target;
    private final HttpHeaders headers;
    private final List<byte[]> body;
    private final long arrived = System.nanoTime();

    /**
     * @param target as it was sent
     * @param body in pieces
     */
    Exchange(HttpConnection connection, String method, String target, HttpHeaders headers, List<byte[]> body) {
        this.connection = connection;
        this.method = method;
        this.target = target;
        this.headers = headers;
        this.body = body;
    }

    /** When the request was complete, by {@link System#nanoTime}. */
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

    /** Path and query as they were sent. */
    String target() {
        return target;
    }

    /** The client's address, as {@link AddressShares} has it. */
    String address() {
        return connection.address();
    }

    /** The first of that name; null if there is none. */
    @Nullable
    String header(String name) {
        return headers.get(name);
    }

    /** All of that name, in their order. */
    List<String> headers(String name) {
        return headers.getAll(name);
    }

    /** The whole body, empty if there is none. */
    byte[] body() {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        body.forEach(whole::writeBytes);
        return whole.toByteArray();
    }

    /** Sends all of an answer while the caller goes on. The content is released when it is sent; it may be shared. */
    void send(Head head, ByteBuf content) {
        connection.send(head, content);
    }

    /** Begins an answer whose length is not known. To be closed only if the answer is whole; else it is cut. */
    ResponseBody begin(Head head) {
        return connection.begin(head, true);
    }

    /** The same for an answer that may take as long as it likes; it ends when the client hangs up. */
    ResponseBody beginStream(Head head) {
        return connection.begin(head, false);
    }

    /** The place that the answer holds among others. It is reusable while the client is slow. */
    void hold(AddressShares.Place place) {
        connection.hold(place);
    }

    /** Closes the connection, so that what was sent does not look whole. */
    void cut() {
        connection.close();
    }

    /** Whether the client is still there, as far as that is known: a stream learns it at once, other answers late. */
    boolean isOpen() {
        return connection.isOpen();
    }
}
