// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile.flood;

import io.pullpiri.statemanager.hostile.flood.Attack.Manner;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * The connections of one attack, on one thread. It never blocks on the server, opens a bounded number of connections a
 * second, and replaces those that the server ends.
 */
final class Crowd implements Runnable {

    private static final int TICK_MILLIS = 20;

    /** Each connection sends and reads once in this many ticks, because the attackers share the processors with the server. */
    private static final int TURNS = 10;

    private static final int RECEIVE_BUFFER = 4_096;
    private static final int SIP = 16;
    private static final int TRICKLE = 10;
    private static final long REPEAT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final Attack attack;
    private final int port;
    private final List<InetAddress> sources;
    private final BooleanSupplier over;
    private final int openedInTick;
    private final List<List<Member>> turns = new ArrayList<>();
    private final ByteBuffer sip = ByteBuffer.allocate(SIP);
    private final ByteBuffer gulp = ByteBuffer.allocate(64 << 10);
    private int opened;
    private int ended;
    private int failed;

    /**
     * @param sources the local addresses of the connections, in turn
     * @param openedInTick how many connections it opens in 20 ms at most
     * @param over whether the attack has to end
     */
    Crowd(Attack attack, int port, List<InetAddress> sources, int openedInTick, BooleanSupplier over) {
        this.attack = attack;
        this.port = port;
        this.sources = sources;
        this.openedInTick = openedInTick;
        this.over = over;
        for (int i = 0; i < TURNS; i++) {
            turns.add(new ArrayList<>());
        }
    }

    @Override
    public void run() {
        try {
            for (int tick = 0; !over.getAsBoolean(); tick++) {
                List<Member> members = turns.get(tick % TURNS);
                int held = turns.stream().mapToInt(List::size).sum();
                for (int i = 0; i < openedInTick && held + i < attack.connections(); i++) {
                    open(members);
                }
                members.removeIf(member -> !member.goesOn());
                TimeUnit.MILLISECONDS.sleep(TICK_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            turns.forEach(members -> members.forEach(Member::close));
        }
    }

    private void open(List<Member> members) {
        try {
            SocketChannel channel = SocketChannel.open();
            try {
                channel.configureBlocking(false);
                channel.setOption(StandardSocketOptions.SO_RCVBUF, RECEIVE_BUFFER);
                channel.bind(new InetSocketAddress(sources.get(opened % sources.size()), 0));
                channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                members.add(new Member(channel, ByteBuffer.wrap(attack.script().apply(opened))));
                opened++;
            } catch (IOException e) {
                failed++;
                channel.close();
            }
        } catch (IOException e) {
            failed++; // no descriptor is left, or no port
        }
    }

    /** Returns a summary for the report. */
    String summary() {
        return "%s: %,d connections opened, %,d ended by the server, %,d not accepted"
                .formatted(attack.name(), opened, ended, failed);
    }

    private final class Member {

        private final SocketChannel channel;
        private final ByteBuffer unsent;
        private long sentAt;

        Member(SocketChannel channel, ByteBuffer unsent) {
            this.channel = channel;
            this.unsent = unsent;
        }

        /** Sends and reads what is possible without blocking; returns false when the connection is closed. */
        boolean goesOn() {
            try {
                if (!channel.finishConnect()) {
                    return true;
                }
                if (unsent.hasRemaining()) {
                    send();
                    if (unsent.hasRemaining()) {
                        return readsOn();
                    }
                    sentAt = System.nanoTime();
                }
                boolean done = attack.manner() == Manner.RESET
                        || (attack.manner() == Manner.REPEAT && System.nanoTime() - sentAt > REPEAT_NANOS);
                if (done) {
                    close();
                    return false;
                }
                return readsOn();
            } catch (IOException e) {
                ended++;
                close();
                return false;
            }
        }

        private void send() throws IOException {
            int all = unsent.limit();
            if (attack.manner() == Manner.TRICKLE) {
                unsent.limit(Math.min(all, unsent.position() + TRICKLE));
            }
            channel.write(unsent);
            unsent.limit(all);
        }

        private boolean readsOn() throws IOException {
            ByteBuffer into = attack.manner() == Manner.SIP ? sip : gulp;
            int read;
            do {
                into.clear();
                read = channel.read(into);
            } while (attack.manner() != Manner.SIP && read == into.capacity());
            if (read < 0) {
                ended++;
                close();
            }
            return read >= 0;
        }

        void close() {
            try {
                if (attack.manner() == Manner.RESET) {
                    channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                }
                channel.close();
            } catch (IOException e) {
                failed++;
            }
        }
    }
}
