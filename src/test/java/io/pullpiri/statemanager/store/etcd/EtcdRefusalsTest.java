// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.etcd;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KVGrpc.KVBlockingStub;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.etcd.EtcdRefusals.Concern;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.EtcdAuth;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.WatchRecorder;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The table has the texts of a real etcd, with their meaning. */
@Tag("etcd")
@Timeout(60)
class EtcdRefusalsTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String NO_USER = "etcd refuses: user name is empty; StateManager has no user";

    private EtcdServer server;
    private ManagedChannel channel;
    private EtcdAuth auth;
    private EtcdStore store;

    @BeforeEach
    void start() {
        server = EtcdServer.start();
        channel = Grpc.newChannelBuilder(server.endpoint(), InsecureChannelCredentials.create())
                .build();
        auth = new EtcdAuth(server.endpoint());
        store = EtcdStore.open(List.of(server.endpoint()), SOON, Duration.ofMillis(300), null);
    }

    @AfterEach
    void stop() {
        store.close();
        auth.close();
        channel.shutdownNow();
        server.close();
    }

    private KVBlockingStub etcd() {
        return KVGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    private static void assertRefused(ThrowingCallable call, Concern concern, String text) {
        StatusRuntimeException thrown = catchThrowableOfType(StatusRuntimeException.class, call);
        assertThat(thrown).isNotNull();
        EtcdRefusals.Known known = EtcdRefusals.find(thrown.getStatus().getDescription());
        assertThat(known).as("%s", thrown.getStatus()).isNotNull();
        assertThat(requireNonNull(known).concern()).isEqualTo(concern);
        assertThat(known.text()).contains(text);
    }

    private static PutRequest put(String key, int bytes) {
        return PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFrom(new byte[bytes]))
                .build();
    }

    private static TxnRequest puts(PutRequest put, int times) {
        RequestOp one = RequestOp.newBuilder().setRequestPut(put).build();
        return TxnRequest.newBuilder()
                .addAllSuccess(Collections.nCopies(times, one))
                .build();
    }

    // [utest->req~sto-refusal~1]
    @Test
    void refusalOfOneTransaction_isInTheTable() {
        assertRefused(() -> etcd().put(put("", 1)), Concern.TRANSACTION, "key is not provided");
        assertRefused(() -> etcd().txn(puts(put("a", 1), 129)), Concern.TRANSACTION, "too many operations");
        assertRefused(() -> etcd().txn(puts(put("a", 1), 2)), Concern.TRANSACTION, "duplicate key");
        assertRefused(() -> etcd().put(put("a", 1_600_000)), Concern.TRANSACTION, "request is too large");
        assertRefused(() -> etcd().put(put("a", 3_000_000)), Concern.TRANSACTION, "larger than max");
        assertRefused(
                () -> etcd().put(put("a", 0).toBuilder()
                        .setValue(ByteString.copyFromUtf8("x"))
                        .setIgnoreValue(true)
                        .build()),
                Concern.TRANSACTION,
                "value is provided");
        assertRefused(
                () -> etcd().put(PutRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8("a"))
                        .setLease(7)
                        .setIgnoreLease(true)
                        .build()),
                Concern.TRANSACTION,
                "lease is provided");
    }

    @Test
    void refusalBecauseOfAuthentication_concernsTheStore() {
        auth.enable();
        assertRefused(() -> etcd().put(put("a", 1)), Concern.STORE, "user name is empty");
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER), "none.7");
        assertRefused(
                () -> etcd().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                        .put(put("a", 1)),
                Concern.STORE,
                "invalid auth token");
    }

    @Test
    void writeWhileAuthenticationIsEnabled_isUnavailableAndNotAppliedLater() {
        auth.enable();
        assertThat(store.commit(create("/model/a"), SOON)).isEqualTo(new CommitResult.Unavailable(NO_USER));
        assertThatThrownBy(() -> store.get("/model/a"))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessage(NO_USER);
        assertThatThrownBy(() -> store.snapshot(List.of("/model/"))).hasMessage(NO_USER);
        assertThatThrownBy(() -> store.put("/model/a", "x")).hasMessage(NO_USER);
        auth.disable();
        assertThat(store.get("/model/a")).isEmpty();
        assertThat(store.commit(create("/model/a"), SOON)).isInstanceOf(CommitResult.Committed.class);
    }

    @Test
    void watchDuringAuthentication_hasEveryEventOrIsLost() {
        WatchRecorder recorder = new WatchRecorder();
        store.watch(List.of("/model/"), store.put("/x", "x") + 1, recorder);
        store.put("/model/a", "1");
        recorder.awaitEvents(1);
        auth.enable();
        auth.addUser("other");
        auth.changeRoles("reader");
        auth.disable();
        store.put("/model/b", "2");
        Await.until(
                SOON,
                () -> "the second event or a loss",
                () -> recorder.isLost() || recorder.events().size() == 2);
    }

    /** A server without a connection must not take the silence of its watch for the absence of changes. */
    @Test
    void watchOpenedWhileAuthenticationIsEnabled_isLost() {
        auth.enable();
        WatchRecorder recorder = new WatchRecorder();
        store.watch(List.of("/model/"), 1, recorder);
        assertThat(recorder.awaitLoss()).contains("user name is empty");
    }

    private static Transaction create(String key) {
        return new Transaction(List.of(new Transaction.Write(key, "x", 0)));
    }
}
