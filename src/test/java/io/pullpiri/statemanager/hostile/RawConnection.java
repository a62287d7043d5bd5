// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile;

import io.pullpiri.statemanager.testing.Frames;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** An HTTP/2 connection that sends prepared frames, also invalid ones that no library would send. */
final class RawConnection implements Closeable {

    static final int HEADERS = 1;
    static final int PING = 6;
    private static final int ACK = 1;

    private final Socket socket;
    private final OutputStream out;
    private final DataInputStream in;

    /** The server's frames. */
    record Frame(int type, int flags, int stream, String payload) {}

    /** Opens a connection, and sends nothing. */
    RawConnection(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(180_000);
        socket.setTcpNoDelay(true);
        out = socket.getOutputStream();
        in = new DataInputStream(socket.getInputStream());
    }

    /** Sends the client preface, after which the server's headers are literals. */
    void greet() throws IOException {
        send(new Frames().greet());
    }

    /** As {@link #greet}, unless the server has ended the connection. */
    void greetIfOpen() {
        try {
            greet();
        } catch (IOException e) {
            // The connection was refused, or closed to make room for another one.
        }
    }

    /** Begins a call and sends nothing of its request. */
    void beginCall(int stream, String path) throws IOException {
        send(new Frames().call(stream, path));
    }

    /** Announces a message of so many bytes and sends some of them. */
    void beginCall(int stream, String path, int announced, int sent) throws IOException {
        send(new Frames().call(stream, path).message(stream, announced, new byte[sent]));
    }

    /** Sends a message, and does not end the stream. */
    void beginCall(int stream, String path, byte[] message) throws IOException {
        send(new Frames().call(stream, path).message(stream, message.length, message));
    }

    private void send(Frames frames) throws IOException {
        out.write(frames.toBytes());
        out.flush();
    }

    /** Waits until the server answers. */
    void ping() throws IOException {
        send(new Frames().ping());
        while (awaitFrame(PING).flags() != ACK) {
            // The server's own ping.
        }
    }

    /** Waits for a frame of a type. */
    Frame awaitFrame(int wanted) throws IOException {
        while (true) {
            Frame frame = next();
            if (frame.type() == wanted) {
                return frame;
            }
        }
    }

    /** Waits until the server closes the connection, and returns the types of all frames before that. */
    List<Integer> awaitEnd() throws IOException {
        List<Integer> types = new ArrayList<>();
        try {
            while (true) {
                types.add(next().type());
            }
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            return types; // ended or reset
        }
    }

    private Frame next() throws IOException {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        return new Frame(type, flags, stream, new String(in.readNBytes(length), StandardCharsets.ISO_8859_1));
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
