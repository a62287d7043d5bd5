// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.grpc.Status;
import io.pullpiri.proto.statemanager.ErrorCode;
import io.pullpiri.statemanager.cascade.CommandResult;

/** The gRPC status and the error code of a command's result. This is the only table of them. */
// [impl->req~wire-status~1]
record WireStatus(Status status, ErrorCode code) {

    /** Returns the status of a result. */
    static WireStatus of(CommandResult answer) {
        return switch (answer) {
            case CommandResult.Done done -> new WireStatus(Status.OK, ErrorCode.ERROR_CODE_SUCCESS);
            case CommandResult.ArtifactsDone done -> new WireStatus(Status.OK, ErrorCode.ERROR_CODE_SUCCESS);
            case CommandResult.NotAllowed notAllowed ->
                new WireStatus(
                        Status.FAILED_PRECONDITION.withDescription(notAllowed.reason()),
                        ErrorCode.ERROR_CODE_INVALID_STATE_TRANSITION);
            case CommandResult.NotFound notFound ->
                new WireStatus(
                        Status.NOT_FOUND.withDescription(notFound.reason()), ErrorCode.ERROR_CODE_RESOURCE_NOT_FOUND);
            case CommandResult.NotDurableYet unavailable ->
                new WireStatus(
                        Status.UNAVAILABLE.withDescription(unavailable.reason()),
                        ErrorCode.ERROR_CODE_RESOURCE_UNAVAILABLE);
            case CommandResult.ResourceExhausted exhausted ->
                new WireStatus(
                        Status.RESOURCE_EXHAUSTED.withDescription(exhausted.reason()),
                        ErrorCode.ERROR_CODE_RESOURCE_UNAVAILABLE);
            case CommandResult.Rejected rejected ->
                new WireStatus(Status.INTERNAL.withDescription(rejected.reason()), ErrorCode.ERROR_CODE_INTERNAL_ERROR);
        };
    }

    /** Returns whether the command succeeded. */
    boolean isSuccess() {
        return status.isOk();
    }

    /** Returns the reason of a failure; empty on success. */
    String reason() {
        String description = status.getDescription();
        return description == null ? "" : description;
    }
}
