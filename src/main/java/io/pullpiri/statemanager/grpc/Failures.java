package io.pullpiri.statemanager.grpc;

import io.grpc.Status;
import io.pullpiri.proto.statemanager.ErrorCode;
import io.pullpiri.statemanager.cascade.CommandResult;

/** The one table of what an answer is called on the wire. */
record Failures(Status status, ErrorCode code) {

    static Failures of(CommandResult answer) {
        return switch (answer) {
            case CommandResult.Done done -> new Failures(Status.OK, ErrorCode.ERROR_CODE_SUCCESS);
            case CommandResult.ArtifactsDone done -> new Failures(Status.OK, ErrorCode.ERROR_CODE_SUCCESS);
            case CommandResult.NotAllowed notAllowed ->
                new Failures(
                        Status.FAILED_PRECONDITION.withDescription(notAllowed.reason()),
                        ErrorCode.ERROR_CODE_INVALID_STATE_TRANSITION);
            case CommandResult.NotFound notFound ->
                new Failures(
                        Status.NOT_FOUND.withDescription(notFound.reason()), ErrorCode.ERROR_CODE_RESOURCE_NOT_FOUND);
            case CommandResult.NotDurableYet unavailable ->
                new Failures(
                        Status.UNAVAILABLE.withDescription(unavailable.reason()),
                        ErrorCode.ERROR_CODE_RESOURCE_UNAVAILABLE);
            case CommandResult.ResourceExhausted tooMuch ->
                new Failures(
                        Status.RESOURCE_EXHAUSTED.withDescription(tooMuch.reason()),
                        ErrorCode.ERROR_CODE_RESOURCE_UNAVAILABLE);
            case CommandResult.Rejected impossible ->
                new Failures(Status.INTERNAL.withDescription(impossible.reason()), ErrorCode.ERROR_CODE_INTERNAL_ERROR);
        };
    }

    boolean isSuccess() {
        return status.isOk();
    }

    String reason() {
        String description = status.getDescription();
        return description == null ? "" : description;
    }
}
