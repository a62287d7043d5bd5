// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.chaos;

import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.etcd.EtcdStore;
import io.pullpiri.statemanager.testing.EtcdAdmin;
import io.pullpiri.statemanager.testing.EtcdServer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** An etcd cluster of three members, of which two suffice. */
final class ThreeEtcds implements Backing {

    private final Random random;
    private final List<EtcdServer> members = EtcdServer.startCluster(3, "--quota-backend-bytes", "8589934592");
    private final List<String> endpoints =
            members.stream().map(EtcdServer::endpoint).toList();

    ThreeEtcds(Random random) {
        this.random = random;
    }

    @Override
    public String store() {
        return "etcd://" + String.join(",", endpoints);
    }

    @Override
    public StateStore open() {
        return EtcdStore.open(endpoints, Duration.ofSeconds(10));
    }

    @Override
    public Map<String, Strike> strikes(Requests requests) {
        Map<String, Strike> strikes = new LinkedHashMap<>();
        strikes.put("leader killed", () -> kill(member(true)));
        strikes.put("follower killed", () -> kill(member(false)));
        strikes.put("leader frozen", () -> freeze(member(true)));
        strikes.put("follower frozen", () -> freeze(member(false)));
        return strikes;
    }

    private EtcdServer member(boolean leader) throws InterruptedException {
        while (true) { // an election is over within seconds
            for (EtcdServer member : members) {
                if (EtcdAdmin.isLeader(member.endpoint()) == leader) {
                    return member;
                }
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private void kill(EtcdServer member) throws InterruptedException {
        member.kill();
        TimeUnit.MILLISECONDS.sleep(random.nextInt(3_000));
        member.restart();
    }

    private void freeze(EtcdServer member) throws InterruptedException {
        member.pause();
        TimeUnit.MILLISECONDS.sleep(random.nextInt(6_000));
        member.resume();
    }

    @Override
    public String outcome() {
        return "";
    }

    @Override
    public void close() {
        members.forEach(EtcdServer::close);
    }
}
