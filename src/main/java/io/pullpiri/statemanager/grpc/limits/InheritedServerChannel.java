// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc.limits;

import io.pullpiri.statemanager.manager.Anomalies;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;

/**
 * A server port on a socket that the parent process has bound and keeps open. Connections wait in the socket's backlog while no
 * process accepts them, and the next process answers them. So this channel neither binds nor closes the socket.
 */
public final class InheritedServerChannel extends CappedServerChannel {

    private volatile boolean bound;
    private volatile boolean closed;

    /** Creates a channel that accepts connections from {@link #doBind} on. */
    public InheritedServerChannel(ServerSocketChannel socket, Connections connections, Anomalies anomalies) {
        super(socket, connections, anomalies);
    }

    @Override
    protected void doBind(SocketAddress address) {
        bound = true;
    }

    /** Returns whether connections are accepted: not before the pipeline is complete, although the socket is bound. */
    @Override
    public boolean isActive() {
        return bound && super.isActive();
    }

    @Override
    public boolean isOpen() {
        return !closed && super.isOpen();
    }

    /** Leaves the socket open. After this, the channel is removed from its selector. */
    @Override
    protected void doClose() {
        closed = true;
    }

    /** Stops accepting; the connections that were accepted stay open. Call it on the network thread. */
    void pause() {
        config().setAutoRead(false);
    }
}
