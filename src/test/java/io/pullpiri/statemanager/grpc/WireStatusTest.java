// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.pullpiri.proto.statemanager.ErrorCode;
import io.pullpiri.statemanager.cascade.CommandResult;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table "Statuses" of docs/wire.md. */
class WireStatusTest {

    private static final List<CommandResult> RESULTS = List.of(
            new CommandResult.Done("why"),
            new CommandResult.ArtifactsDone(List.of(), List.of()),
            new CommandResult.NotAllowed("why"),
            new CommandResult.NotFound("why"),
            new CommandResult.NotDurableYet("why"),
            new CommandResult.ResourceExhausted("why"),
            new CommandResult.Rejected("why"));

    // [utest->req~wire-status~1]
    @ParameterizedTest
    @CsvSource({
        "Done,              OK,                  ERROR_CODE_SUCCESS",
        "ArtifactsDone,     OK,                  ERROR_CODE_SUCCESS",
        "NotAllowed,        FAILED_PRECONDITION, ERROR_CODE_INVALID_STATE_TRANSITION",
        "NotFound,          NOT_FOUND,           ERROR_CODE_RESOURCE_NOT_FOUND",
        "NotDurableYet,     UNAVAILABLE,         ERROR_CODE_RESOURCE_UNAVAILABLE",
        "ResourceExhausted, RESOURCE_EXHAUSTED,  ERROR_CODE_RESOURCE_UNAVAILABLE",
        "Rejected,          INTERNAL,            ERROR_CODE_INTERNAL_ERROR"
    })
    void commandResult_hasItsStatusAndErrorCode(String result, Status.Code status, ErrorCode code) {
        CommandResult given = RESULTS.stream()
                .filter(each -> each.getClass().getSimpleName().equals(result))
                .findFirst()
                .orElseThrow();
        WireStatus answer = WireStatus.of(given);
        assertThat(answer.status().getCode()).isEqualTo(status);
        assertThat(answer.code()).isEqualTo(code);
        assertThat(answer.reason()).isEqualTo(status == Status.Code.OK ? "" : "why");
    }
}
