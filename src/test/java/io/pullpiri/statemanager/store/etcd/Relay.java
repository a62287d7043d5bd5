package io.pullpiri.statemanager.store.etcd;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** A line to etcd that can be cut and joined again. */
final class Relay implements AutoCloseable {

    private final String host;
    private final int port;
    private final ServerSocket server;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final AtomicLong bytesToEtcd = new AtomicLong();
    private volatile boolean cut;
    private volatile boolean mute;

    Relay(String endpoint) {
        host = endpoint.substring(0, endpoint.lastIndexOf(':'));
        port = Integer.parseInt(endpoint.substring(endpoint.lastIndexOf(':') + 1));
        try {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.startVirtualThread(this::accept);
    }

    String endpoint() {
        return "127.0.0.1:" + server.getLocalPort();
    }

    /** Breaks all connections, and every new one. */
    void cut() {
        cut = true;
        sockets.forEach(Relay::close);
        sockets.clear();
    }

    /** Takes new connections, and nothing ever comes over them, not even after a {@link #join}. */
    void mute() {
        mute = true;
        cut = false;
    }

    void join() {
        mute = false;
        cut = false;
    }

    /** How much has passed from the clients to etcd. */
    long bytesToEtcd() {
        return bytesToEtcd.get();
    }

    @Override
    public void close() {
        cut();
        close(server);
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                connect(server.accept());
            } catch (IOException e) {
                // The relay was closed.
                return;
            }
        }
    }

    private void connect(Socket client) {
        if (mute) {
            sockets.add(client);
            return;
        }
        try {
            Socket etcd = new Socket(host, port);
            sockets.addAll(List.of(client, etcd));
            pump(client, etcd, bytesToEtcd);
            pump(etcd, client, new AtomicLong());
            if (cut) {
                cut();
            }
        } catch (IOException e) {
            // etcd is away: the client will try again.
            close(client);
        }
    }

    private static void pump(Socket from, Socket to, AtomicLong counter) {
        Thread.startVirtualThread(() -> {
            try {
                byte[] buffer = new byte[8192];
                for (int read; (read = from.getInputStream().read(buffer)) >= 0; ) {
                    to.getOutputStream().write(buffer, 0, read);
                    counter.addAndGet(read);
                }
            } catch (IOException e) {
                // One end has closed: so does the other.
            } finally {
                close(from);
                close(to);
            }
        });
    }

    private static void close(AutoCloseable socket) {
        try {
            socket.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
