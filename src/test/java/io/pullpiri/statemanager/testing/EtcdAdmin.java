// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.AlarmMember;
import io.etcd.jetcd.api.AlarmRequest;
import io.etcd.jetcd.api.AlarmType;
import io.etcd.jetcd.api.CompactionRequest;
import io.etcd.jetcd.api.DefragmentRequest;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.MaintenanceGrpc;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.StatusRequest;
import io.etcd.jetcd.api.StatusResponse;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.pullpiri.statemanager.store.etcd.Ranges;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** Operates an etcd as an operator or another component does, without StateManager's store. */
public final class EtcdAdmin {

    private EtcdAdmin() {}

    public static void put(String endpoint, byte[] key, byte[] value) {
        PutRequest request = PutRequest.newBuilder()
                .setKey(ByteString.copyFrom(key))
                .setValue(ByteString.copyFrom(value))
                .build();
        with(endpoint, channel -> KVGrpc.newBlockingStub(channel).put(request));
    }

    public static void deleteAll(String endpoint) {
        DeleteRangeRequest all = DeleteRangeRequest.newBuilder()
                .setKey(Ranges.start(""))
                .setRangeEnd(Ranges.end(""))
                .build();
        with(endpoint, channel -> KVGrpc.newBlockingStub(channel).deleteRange(all));
    }

    public static void compact(String endpoint, long revision) {
        CompactionRequest request = CompactionRequest.newBuilder()
                .setRevision(revision)
                .setPhysical(true)
                .build();
        with(endpoint, channel -> KVGrpc.newBlockingStub(channel).compact(request));
    }

    /** Raises the alarm of a used-up quota: etcd refuses writes until the alarm is disarmed. */
    public static void raiseSpaceAlarm(String endpoint) {
        AlarmRequest alarm = AlarmRequest.newBuilder()
                .setAction(AlarmRequest.AlarmAction.ACTIVATE)
                .setAlarm(AlarmType.NOSPACE)
                .build();
        with(endpoint, channel -> MaintenanceGrpc.newBlockingStub(channel).alarm(alarm));
    }

    /** Returns the size of the database on disk without its free pages. */
    public static long bytesInUse(String endpoint) {
        return status(endpoint).getDbSizeInUse();
    }

    /** Whether the member leads its cluster; also false if it knows no leader. */
    public static boolean isLeader(String endpoint) {
        StatusResponse status = status(endpoint);
        return status.getLeader() == status.getHeader().getMemberId();
    }

    private static StatusResponse status(String endpoint) {
        AtomicReference<StatusResponse> status = new AtomicReference<>();
        with(
                endpoint,
                channel -> status.set(
                        MaintenanceGrpc.newBlockingStub(channel).status(StatusRequest.getDefaultInstance())));
        return status.get();
    }

    /** Makes room after a compaction, as an operator does when the quota is used up. */
    public static void makeRoom(String endpoint) {
        with(endpoint, channel -> {
            var maintenance = MaintenanceGrpc.newBlockingStub(channel);
            maintenance.defragment(DefragmentRequest.getDefaultInstance());
            AlarmRequest get = AlarmRequest.newBuilder()
                    .setAction(AlarmRequest.AlarmAction.GET)
                    .build();
            for (AlarmMember alarm : maintenance.alarm(get).getAlarmsList()) {
                maintenance.alarm(AlarmRequest.newBuilder()
                        .setAction(AlarmRequest.AlarmAction.DEACTIVATE)
                        .setMemberID(alarm.getMemberID())
                        .setAlarm(alarm.getAlarm())
                        .build());
            }
        });
    }

    private static void with(String endpoint, Consumer<ManagedChannel> calls) {
        ManagedChannel channel = Grpc.newChannelBuilder(endpoint, InsecureChannelCredentials.create())
                .build();
        try {
            calls.accept(channel);
        } finally {
            channel.shutdownNow();
        }
    }
}
