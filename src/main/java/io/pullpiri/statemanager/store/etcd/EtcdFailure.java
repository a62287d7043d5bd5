package io.pullpiri.statemanager.store.etcd;

import io.grpc.Status;
import io.pullpiri.statemanager.store.CommitResult;

/**
 * A call that failed, and what that means for a transaction.
 *
 * @param sent whether the call ever got onto a connection
 */
record EtcdFailure(Status status, boolean sent) {

    boolean isCompacted() {
        return status.getCode() == Status.Code.OUT_OF_RANGE && says("has been compacted");
    }

    /** The answer did not fit into what we accept for one. */
    boolean isAnswerTooLarge() {
        return status.getCode() == Status.Code.RESOURCE_EXHAUSTED
                && !says("etcdserver")
                && EtcdRefusals.find(status.getDescription()) == null;
    }

    /** etcd's quota is used up. This alone does not tell whether the transaction was applied. */
    boolean isOutOfSpace() {
        return status.getCode() == Status.Code.RESOURCE_EXHAUSTED && says(EtcdRefusals.OUT_OF_SPACE);
    }

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
            // "request timed out", "server stopped", "leader changed", and gRPC's own for a connection that broke.
            case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED -> new CommitResult.Unknown(reason());
            // Refused before the request is looked at; an operator can change that.
            case PERMISSION_DENIED, UNAUTHENTICATED, UNIMPLEMENTED -> new CommitResult.Unavailable(reason());
            default -> isAnswerTooLarge() ? new CommitResult.Unknown(reason()) : new CommitResult.Unexplained(reason());
        };
    }

    String reason() {
        Throwable cause = status.getCause();
        if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
            // gRPC's own text is long and says less.
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
            return known.inWords();
        }
        return "etcd: " + status.getCode() + (status.getDescription() == null ? "" : ": " + status.getDescription())
                + (cause == null || cause.getMessage() == null ? "" : " (" + cause.getMessage() + ")");
    }

    private boolean says(String text) {
        String description = status.getDescription();
        return description != null && description.contains(text);
    }
}
