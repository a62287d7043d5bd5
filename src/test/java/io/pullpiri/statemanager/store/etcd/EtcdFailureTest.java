// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.pullpiri.statemanager.store.CommitResult;
import java.net.ConnectException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The meaning of each error of etcd and gRPC for a transaction. */
class EtcdFailureTest {

    @ParameterizedTest
    @CsvSource({
        "UNAVAILABLE, etcdserver: no leader, Unavailable",
        "UNAVAILABLE, etcdserver: request timed out, Unknown",
        "UNAVAILABLE, 'etcdserver: request timed out, possibly due to previous leader failure', Unknown",
        "UNAVAILABLE, etcdserver: server stopped, Unknown",
        "UNAVAILABLE, etcdserver: leader changed, Unknown",
        "UNAVAILABLE, io exception, Unknown",
        "RESOURCE_EXHAUSTED, etcdserver: too many requests, Unavailable",
        "RESOURCE_EXHAUSTED, etcdserver: mvcc: database space exceeded, Unknown",
        "RESOURCE_EXHAUSTED, grpc: received message larger than max (3000000 vs. 2097152), Refused",
        "RESOURCE_EXHAUSTED, gRPC message exceeds maximum size 4194304: 5000000, Unknown",
        "INVALID_ARGUMENT, etcdserver: request is too large, Refused",
        "INVALID_ARGUMENT, etcdserver: too many operations in txn request, Refused",
        "INVALID_ARGUMENT, etcdserver: duplicate key given in txn request, Refused",
        "INVALID_ARGUMENT, etcdserver: key is not provided, Refused",
        "INVALID_ARGUMENT, etcdserver: user name is empty, Unavailable",
        "INVALID_ARGUMENT, etcdserver: revision of auth store is old, Unavailable",
        "INVALID_ARGUMENT, etcdserver: something new, Unexplained",
        "FAILED_PRECONDITION, etcdserver: not capable, Unavailable",
        "FAILED_PRECONDITION, etcdserver: something new, Unexplained",
        "OUT_OF_RANGE, etcdserver: something new, Unexplained",
        "RESOURCE_EXHAUSTED, etcdserver: something new, Unexplained",
        "PERMISSION_DENIED, etcdserver: permission denied, Unavailable",
        "PERMISSION_DENIED, something new, Unavailable",
        "UNAUTHENTICATED, etcdserver: invalid auth token, Unavailable",
        "UNIMPLEMENTED, unknown service etcdserverpb.KV, Unavailable",
        "DEADLINE_EXCEEDED, context deadline exceeded, Unknown",
        "CANCELLED, Thread interrupted, Unknown",
        "UNKNOWN, raft proposal dropped, Unknown",
        "INTERNAL, , Unexplained",
        "DATA_LOSS, etcdserver: corrupt cluster, Unknown",
    })
    void errorOfASentCall_hasTheExpectedOutcome(Status.Code code, String description, String outcome) {
        EtcdFailure failure = new EtcdFailure(code.toStatus().withDescription(description), true);
        assertThat(failure.outcome().getClass().getSimpleName()).isEqualTo(outcome);
        assertThat(failure.outcome().reason())
                .startsWith("etcd")
                .satisfiesAnyOf(
                        reason -> assertThat(reason).contains(code.name()),
                        reason -> assertThat(reason).contains("etcd refuses: "),
                        reason -> assertThat(reason).isEqualTo("etcd did not answer in time"));
    }

    @ParameterizedTest
    @EnumSource(value = Status.Code.class, names = "OK", mode = EnumSource.Mode.EXCLUDE)
    void unsentCall_wasNotApplied(Status.Code code) {
        assertThat(new EtcdFailure(code.toStatus(), false).outcome()).isInstanceOf(CommitResult.Unavailable.class);
    }

    @Test
    void reason_isReadable() {
        Status status = Status.UNAVAILABLE
                .withDescription("io exception")
                .withCause(new ConnectException("Connection refused: /127.0.0.1:1"));
        assertThat(new EtcdFailure(status, false).reason())
                .isEqualTo("etcd cannot be reached: Connection refused: /127.0.0.1:1");
        Status late = Status.DEADLINE_EXCEEDED.withDescription(
                "CallOptions deadline exceeded after 4.99s. Name resolution delay 0.0 seconds. [closed=[], open=[[]]]");
        assertThat(new EtcdFailure(late, true).reason()).isEqualTo("etcd did not answer in time");
        assertThat(new EtcdFailure(late, false).reason()).isEqualTo("etcd could not be reached in time");
        assertThat(new EtcdFailure(Status.INVALID_ARGUMENT.withDescription("etcdserver: user name is empty"), true)
                        .reason())
                .isEqualTo("etcd refuses: user name is empty; StateManager has no user");
        assertThat(new EtcdFailure(Status.UNKNOWN.withDescription("raft: stopped"), true).reason())
                .isEqualTo("etcd: UNKNOWN: raft: stopped");
    }
}
