// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A connection to a port of this machine that a test can cut, slow down, or freeze. */
public final class Cable implements AutoCloseable {

    private final int target;
    private final ServerSocket server;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicLong bytesToTarget = new AtomicLong();
    private volatile boolean cut;
    private volatile boolean mute;
    private volatile boolean hanging;
    private volatile Duration delay = Duration.ZERO;

    public Cable(int target) {
        this.target = target;
        try {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.startVirtualThread(this::accept);
    }

    public String endpoint() {
        return "127.0.0.1:" + server.getLocalPort();
    }

    /** Closes all connections, and every new one. */
    public void cut() {
        cut = true;
        sockets.forEach(Cable::close);
    }

    /** Accepts new connections, but transfers nothing over them, even after a {@link #join}. */
    public void mute() {
        mute = true;
        cut = false;
    }

    /** Transfers nothing, and closes no connection. Data that is held arrives after a {@link #join}. */
    public void hang() {
        hanging = true;
    }

    /** Delays all data by a time. */
    public void delay(Duration newDelay) {
        delay = newDelay;
    }

    /** Ends all faults. */
    public void join() {
        mute = false;
        cut = false;
        hanging = false;
        delay = Duration.ZERO;
    }

    /** Returns how many bytes the target has got. */
    public long bytesToTarget() {
        return bytesToTarget.get();
    }

    @Override
    public void close() {
        close(server);
        hanging = false;
        cut();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                connect(server.accept());
            } catch (IOException e) {
                // It was closed.
            }
        }
    }

    private void connect(Socket client) {
        sockets.add(client);
        if (mute) {
            return;
        }
        try {
            Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
            sockets.add(far);
            Thread.startVirtualThread(() -> pass(client, far, bytesToTarget));
            Thread.startVirtualThread(() -> pass(far, client, new AtomicLong()));
        } catch (IOException e) {
            // The target cannot be reached. The client tries again.
            close(client);
            sockets.remove(client);
        }
        if (cut) {
            cut();
        }
    }

    private void pass(Socket from, Socket to, AtomicLong counter) {
        byte[] buffer = new byte[16 << 10];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                while (hanging) {
                    TimeUnit.MILLISECONDS.sleep(10);
                }
                TimeUnit.NANOSECONDS.sleep(delay.toNanos());
                out.write(buffer, 0, read);
                counter.addAndGet(read);
            }
        } catch (IOException e) {
            // Cut.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            sockets.remove(from);
            sockets.remove(to);
        }
    }

    private static void close(AutoCloseable socket) {
        try {
            socket.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
