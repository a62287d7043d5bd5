package io.pullpiri.statemanager.store.etcd;

import io.grpc.Status;
import io.pullpiri.statemanager.store.CommitResult;

/**
 * A call that failed, and what that means for a transaction. In doubt its outcome is unknown: etcd has one code,
 * UNAVAILABLE, for "not accepted" and for "accepted, result not known", so a few of its messages count.
 *
 * @param sent whether the call ever got onto a connection
 */
record EtcdFailure(Status status, boolean sent) {

    boolean isCompacted() {
        return status.getCode() == Status.Code.OUT_OF_RANGE && says("has been compacted");
    }

    /** The answer did not fit into what we accept for one. */
    boolean isAnswerTooLarge() {
        return status.getCode() == Status.Code.RESOURCE_EXHAUSTED && !says("etcdserver") && !isRequestTooLarge();
    }

    /**
     * etcd's quota is used up. This alone does not tell whether the transaction was applied: the one that exceeds the quota
     * is applied and answered with this error all the same, the later ones are turned away.
     */
    boolean isOutOfSpace() {
        return status.getCode() == Status.Code.RESOURCE_EXHAUSTED && says("database space exceeded");
    }

    CommitResult outcome() {
        if (!sent) {
            return new CommitResult.Unavailable(reason());
        }
        return switch (status.getCode()) {
            // Checked before a request is proposed to the cluster: too large, too many operations, a key twice.
            case INVALID_ARGUMENT -> new CommitResult.Refused(reason());
            case RESOURCE_EXHAUSTED -> {
                if (isRequestTooLarge()) {
                    yield new CommitResult.Refused(reason());
                }
                yield says("too many requests") ? new CommitResult.Unavailable(reason()) : unknown();
            }
            // We demand a leader (metadata "hasleader"), so this is said before the request is looked at. Others with
            // this
            // code are not so kind: "request timed out", "server stopped", and gRPC's own for a connection that broke.
            case UNAVAILABLE -> says("etcdserver: no leader") ? new CommitResult.Unavailable(reason()) : unknown();
            // Turned away at the door; an operator can open it.
            case PERMISSION_DENIED, UNAUTHENTICATED, UNIMPLEMENTED -> new CommitResult.Unavailable(reason());
            default -> unknown();
        };
    }

    String reason() {
        Throwable cause = status.getCause();
        if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
            // Whose deadline it was, gRPC tells at a length that helps nobody here.
            return sent ? "etcd did not answer in time" : "etcd could not be reached in time";
        }
        if (status.getCode() == Status.Code.UNAVAILABLE && cause != null && cause.getMessage() != null) {
            return "etcd cannot be reached: " + cause.getMessage();
        }
        if (says("unresolved address")) {
            return "etcd cannot be reached: no address is known for a name in the setting store";
        }
        return "etcd: " + status.getCode() + (status.getDescription() == null ? "" : ": " + status.getDescription())
                + (cause == null || cause.getMessage() == null ? "" : " (" + cause.getMessage() + ")");
    }

    private boolean isRequestTooLarge() {
        return says("received message larger than max");
    }

    private CommitResult unknown() {
        return new CommitResult.Unknown(reason());
    }

    private boolean says(String text) {
        String description = status.getDescription();
        return description != null && description.contains(text);
    }
}
