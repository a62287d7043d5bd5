package io.pullpiri.statemanager.hostile;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/** HTTP/2 by hand, as no library would send it. */
final class RawConnection implements AutoCloseable {

    private static final int DATA = 0;
    static final int HEADERS = 1;
    private static final int SETTINGS = 4;
    private static final int END_HEADERS = 4;

    /** What every peer takes. */
    private static final int FRAME = 16_384;

    private final Socket socket;
    private final DataOutputStream out;
    private final DataInputStream in;

    /** A connection over which nothing has come yet. */
    RawConnection(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(60_000);
        out = new DataOutputStream(socket.getOutputStream());
        in = new DataInputStream(socket.getInputStream());
    }

    /** What every HTTP/2 client sends first. */
    void greet() throws IOException {
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        frame(SETTINGS, 0, 0, new byte[0]);
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

    /** Waits for a frame of that type on that stream. */
    void awaitFrame(int wanted, int wantedStream) throws IOException {
        while (true) {
            int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
            int type = in.readUnsignedByte();
            in.readUnsignedByte();
            int stream = in.readInt();
            in.skipNBytes(length);
            if (type == wanted && stream == wantedStream) {
                return;
            }
        }
    }

    /** Whether the other side ends the connection, having said whatever it says. */
    boolean isEnded() throws IOException {
        try {
            while (in.read() >= 0) {
                // Settings, and perhaps a farewell.
            }
            return true;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true; // reset
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
