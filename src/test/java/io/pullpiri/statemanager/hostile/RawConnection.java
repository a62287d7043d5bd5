package io.pullpiri.statemanager.hostile;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** HTTP/2 by hand, as no library would send it. */
final class RawConnection implements Closeable {

    private static final int DATA = 0;
    static final int HEADERS = 1;
    private static final int SETTINGS = 4;
    static final int PING = 6;
    private static final int ACK = 1;
    private static final int END_HEADERS = 4;

    /** What every peer takes. */
    private static final int FRAME = 16_384;

    private final Socket socket;
    private final DataOutputStream out;
    private final DataInputStream in;

    /** What the other side says. */
    record Frame(int type, int flags, int stream, String payload) {}

    /** A connection over which nothing has come yet. */
    RawConnection(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(60_000);
        socket.setTcpNoDelay(true);
        out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
        in = new DataInputStream(socket.getInputStream());
    }

    /** What every HTTP/2 client sends first. It remembers no headers: each has to be sent in words. */
    void greet() throws IOException {
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        frame(SETTINGS, 0, 0, new byte[] {0, 1, 0, 0, 0, 0}); // SETTINGS_HEADER_TABLE_SIZE
    }

    /** Announces a message of so many bytes and sends some of them. */
    void beginCall(int stream, String path, int announced, int sent) throws IOException {
        beginCall(stream, path);
        message(stream, announced, new byte[sent]);
    }

    /** Sends a message and does not say that it was the last. */
    void beginCall(int stream, String path, byte[] message) throws IOException {
        beginCall(stream, path);
        message(stream, message.length, message);
    }

    private void beginCall(int stream, String path) throws IOException {
        ByteArrayOutputStream headers = new ByteArrayOutputStream();
        Map.of(
                        ":method", "POST",
                        ":scheme", "http",
                        ":path", path,
                        ":authority", "localhost",
                        "content-type", "application/grpc",
                        "te", "trailers")
                .entrySet()
                .stream()
                // Those with a colon have to come first.
                .sorted(Map.Entry.comparingByKey())
                .forEach(header -> {
                    headers.write(0); // a literal, not to be remembered
                    text(headers, header.getKey());
                    text(headers, header.getValue());
                });
        frame(HEADERS, END_HEADERS, stream, headers.toByteArray());
    }

    private void message(int stream, int announced, byte[] sent) throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        DataOutputStream message = new DataOutputStream(data);
        message.writeByte(0); // not compressed
        message.writeInt(announced);
        message.write(sent);
        byte[] all = data.toByteArray();
        for (int from = 0; from < all.length; from += FRAME) {
            frame(DATA, 0, stream, Arrays.copyOfRange(all, from, Math.min(all.length, from + FRAME)));
        }
    }

    private static void text(ByteArrayOutputStream to, String text) {
        to.write(text.length());
        to.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    private void frame(int type, int flags, int stream, byte[] payload) throws IOException {
        out.writeByte(payload.length >> 16);
        out.writeShort(payload.length & 0xffff);
        out.writeByte(type);
        out.writeByte(flags);
        out.writeInt(stream);
        out.write(payload);
        out.flush();
    }

    /** Waits until the other side answers. */
    void ping() throws IOException {
        frame(PING, 0, 0, new byte[8]);
        while (awaitFrame(PING).flags() != ACK) {
            // A ping of theirs.
        }
    }

    /** Waits for a frame of that type. */
    Frame awaitFrame(int wanted) throws IOException {
        while (true) {
            Frame frame = next();
            if (frame.type() == wanted) {
                return frame;
            }
        }
    }

    /** Waits until the other side ends the connection, and returns the types of all frames that it has said before. */
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
