// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.etcd;

import io.grpc.Status;
import io.pullpiri.statemanager.store.CommitResult;

/**
 * A call that failed, and its meaning for a transaction.
 *
 * @param sent whether the call was sent on a connection
 */
record EtcdFailure(Status status, boolean sent) {

    boolean isCompacted() {
        return status.getCode() == Status.Code.OUT_OF_RANGE && says("has been compacted");
    }

    /** Returns whether the answer was larger than the connection accepts. */
    boolean isAnswerTooLarge() {
        return status.getCode() == Status.Code.RESOURCE_EXHAUSTED
                && !says("etcdserver")
                && EtcdRefusals.find(status.getDescription()) == null;
    }

    /** Returns whether etcd's quota is used up. The transaction may have been applied nevertheless. */
    boolean isOutOfSpace() {
        return status.getCode() == Status.Code.RESOURCE_EXHAUSTED && says(EtcdRefusals.OUT_OF_SPACE);
    }

    /** Returns the outcome of a transaction whose call failed. */
    CommitResult outcome() {
        if (!sent) {
            return new CommitResult.Unavailable(reason());
        }
        EtcdRefusals.Known known = EtcdRefusals.find(status.getDescription());
        if (known != null) {
            return switch (known.concern()) {
                case TRANSACTION -> new CommitResult.Refused(reason());
                case STORE -> new CommitResult.Unavailable(reason());
                case IN_DOUBT -> new CommitResult.Unknown(reason());
            };
        }
        return switch (status.getCode()) {
            // "request timed out", "server stopped", "leader changed", and gRPC's own status for a broken connection.
            case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED -> new CommitResult.Unknown(reason());
            // Refused before the request is processed; an operator can change that.
            case PERMISSION_DENIED, UNAUTHENTICATED, UNIMPLEMENTED -> new CommitResult.Unavailable(reason());
            default -> isAnswerTooLarge() ? new CommitResult.Unknown(reason()) : new CommitResult.Unexplained(reason());
        };
    }

    /** Returns the failure as a message for an operator. */
    String reason() {
        Throwable cause = status.getCause();
        if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
            // gRPC's own text is longer and less clear.
            return sent ? "etcd did not answer in time" : "etcd could not be reached in time";
        }
        if (status.getCode() == Status.Code.UNAVAILABLE && cause != null && cause.getMessage() != null) {
            return "etcd cannot be reached: " + cause.getMessage();
        }
        if (says("unresolved address")) {
            return "etcd cannot be reached: no address is known for a name in the setting store";
        }
        EtcdRefusals.Known known = EtcdRefusals.find(status.getDescription());
        if (known != null) {
            return known.message();
        }
        return "etcd: " + status.getCode() + (status.getDescription() == null ? "" : ": " + status.getDescription())
                + (cause == null || cause.getMessage() == null ? "" : " (" + cause.getMessage() + ")");
    }

    private boolean says(String text) {
        String description = status.getDescription();
        return description != null && description.contains(text);
    }
}
