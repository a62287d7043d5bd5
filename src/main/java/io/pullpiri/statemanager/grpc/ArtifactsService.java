// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ApplyResponse;
import io.pullpiri.proto.statemanager.v1.ArtifactResult;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import io.pullpiri.proto.statemanager.v1.DeleteRequest;
import io.pullpiri.proto.statemanager.v1.DeleteResponse;
import io.pullpiri.proto.statemanager.v1.Outcome;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.limits.ConcurrencyLimiter;
import io.pullpiri.statemanager.manager.Manager;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The service that stores and deletes artifacts for operators. It works with every store. */
// [impl->req~wire-artifacts~1]
final class ArtifactsService extends ArtifactsGrpc.ArtifactsImplBase {

    private static final Logger LOG = LoggerFactory.getLogger(ArtifactsService.class);

    /** The most requests whose YAML is parsed at the same time. Each may have megabytes. */
    private static final int MAX_READERS = 8;

    private final ConcurrencyLimiter limiter;
    private final Manager manager;

    ArtifactsService(Manager manager) {
        this.manager = manager;
        this.limiter = new ConcurrencyLimiter(
                MAX_READERS,
                "grpc-artifacts",
                "busy",
                "busy: artifacts of " + MAX_READERS + " callers are being read",
                manager.anomalies()::refused);
    }

    @Override
    public void apply(ApplyRequest request, StreamObserver<ApplyResponse> caller) {
        submit(
                () -> Command.ApplyArtifacts.parse(request.getYaml(), request.getStrict()),
                caller,
                done -> ApplyResponse.newBuilder()
                        .addAllResults(results(done))
                        .addAllWarnings(done.warnings())
                        .build());
    }

    @Override
    public void delete(DeleteRequest request, StreamObserver<DeleteResponse> caller) {
        submit(
                () -> Command.DeleteArtifacts.parse(request.getYaml()),
                caller,
                done -> DeleteResponse.newBuilder().addAllResults(results(done)).build());
    }

    private <R> void submit(
            Supplier<Command> reading, StreamObserver<R> caller, Function<CommandResult.ArtifactsDone, R> response) {
        ConcurrencyLimiter.Permit permit;
        try {
            permit = limiter.acquire(Duration.ZERO);
        } catch (ConcurrencyLimiter.BusyException e) {
            Calls.fail(caller, Status.UNAVAILABLE.withDescription(e.getMessage()));
            return;
        }
        Duration wait = CallDeadline.remaining();
        // Megabytes of YAML would block the network thread.
        Thread.ofVirtual().name("artifacts").start(() -> {
            try (permit) {
                submit(reading, wait, caller, response);
            }
        });
    }

    private <R> void submit(
            Supplier<Command> reading,
            Duration wait,
            StreamObserver<R> caller,
            Function<CommandResult.ArtifactsDone, R> response) {
        Command command;
        try {
            command = reading.get();
        } catch (IllegalArgumentException e) {
            manager.anomalies().add("invalid-artifact", String.valueOf(e.getMessage()));
            Calls.fail(caller, Status.INVALID_ARGUMENT.withDescription(e.getMessage()));
            return;
        } catch (RuntimeException e) {
            // gRPC does not see a failure on this thread.
            LOG.error("artifacts cannot be read, which is a defect", e);
            Calls.fail(caller, Status.INTERNAL.withDescription("internal error: " + e));
            return;
        }
        CompletableFuture<?> _ = manager.submit(command, wait).thenAccept(answer -> {
            if (answer instanceof CommandResult.ArtifactsDone done) {
                Calls.answer(caller, response.apply(done));
            } else {
                Calls.fail(caller, WireStatus.of(answer).status());
            }
        });
    }

    private static List<ArtifactResult> results(CommandResult.ArtifactsDone done) {
        return done.outcomes().stream().map(ArtifactsService::result).toList();
    }

    private static ArtifactResult result(CommandResult.ArtifactOutcome outcome) {
        return ArtifactResult.newBuilder()
                .setKind(outcome.kind())
                .setName(outcome.name())
                .setOutcome(
                        switch (outcome.outcome()) {
                            case CREATED -> Outcome.OUTCOME_CREATED;
                            case CHANGED -> Outcome.OUTCOME_CHANGED;
                            case UNCHANGED -> Outcome.OUTCOME_UNCHANGED;
                            case DELETED -> Outcome.OUTCOME_DELETED;
                            case NOT_FOUND -> Outcome.OUTCOME_NOT_FOUND;
                            case PASSED_OVER -> Outcome.OUTCOME_PASSED_OVER;
                        })
                .build();
    }
}
