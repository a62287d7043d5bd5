// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import com.google.common.base.Throwables;
import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import io.grpc.ConnectivityState;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.actioncontroller.ActionControllerConnectionGrpc;
import io.pullpiri.proto.actioncontroller.ActionControllerConnectionGrpc.ActionControllerConnectionFutureStub;
import io.pullpiri.proto.actioncontroller.OffloadModelRequest;
import io.pullpiri.proto.actioncontroller.PodStatus;
import io.pullpiri.proto.actioncontroller.ReconcileRequest;
import io.pullpiri.statemanager.manager.ActionController;
import io.pullpiri.statemanager.net.Endpoint;
import io.pullpiri.statemanager.view.OffloadRequest;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The client of Pullpiri's ActionController. Without an address, every call fails. May be used from any thread. */
public final class ActionControllerClient implements ActionController, AutoCloseable {

    private static final String NOT_CONFIGURED = "no ActionController is configured (action-controller: off)";

    private final String target;
    private final @Nullable ManagedChannel channel;
    private final PodStatus currentStatus;

    /**
     * Makes a client, which connects at its first call.
     *
     * @param address {@code host:port}; null if no ActionController is configured
     * @param currentStatus the name of the {@code PodStatus} that a reconcile request gives as the current status
     */
    public ActionControllerClient(@Nullable String address, String currentStatus) {
        this.target = "ActionController at " + address;
        this.channel = address == null
                ? null
                : NettyChannelBuilder.forTarget("dns:///" + Endpoint.targetPath(address))
                        .usePlaintext()
                        .keepAliveTime(30, TimeUnit.SECONDS)
                        .keepAliveTimeout(5, TimeUnit.SECONDS)
                        .build();
        this.currentStatus = PodStatus.valueOf(currentStatus);
    }

    // [impl->req~wire-reconcile~2]
    @Override
    public CompletableFuture<ReconcileResult> reconcile(String scenario, Duration timeout) {
        if (channel == null) {
            return CompletableFuture.failedFuture(new IOException(NOT_CONFIGURED));
        }
        return completable(
                        channel,
                        timeout,
                        stub(channel, timeout)
                                .reconcile(ReconcileRequest.newBuilder()
                                        .setScenarioName(scenario)
                                        .setCurrent(currentStatus)
                                        .setDesired(PodStatus.RUNNING)
                                        .build()))
                .thenApply(response -> new ReconcileResult(
                        response.getStatus() == 0, "status " + response.getStatus() + ", " + response.getDesc()))
                .exceptionallyCompose(failure -> isOutage(Status.fromThrowable(failure))
                        ? CompletableFuture.failedFuture(failure)
                        : CompletableFuture.completedFuture(new ReconcileResult(false, messageOf(failure))));
    }

    /** Whether a status says that ActionController did not decide about the request. Every other error is a refusal. */
    private static boolean isOutage(Status status) {
        return switch (status.getCode()) {
            case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, UNKNOWN -> true;
            default -> false;
        };
    }

    private static String messageOf(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return String.valueOf(cause.getMessage());
    }

    // [impl->req~wire-offloading~2]
    @Override
    public CompletableFuture<OffloadResult> offload(OffloadRequest request, Duration timeout) {
        if (channel == null) {
            return CompletableFuture.completedFuture(new OffloadResult(false, NOT_CONFIGURED, ""));
        }
        OffloadModelRequest message = OffloadModelRequest.newBuilder()
                .setScenarioName(request.scenarioName())
                .setPackageName(request.packageName())
                .setModelName(request.modelName())
                .setSourceNode(request.sourceNode())
                .setTargetNode(request.targetNode())
                .setPolicyName(request.policyName())
                .setReason(request.reason())
                .build();
        // A fork has no deadline and no cancellation of the request that this thread serves.
        Context fork = Context.current().fork();
        Context attached = fork.attach();
        try {
            return completable(channel, timeout, stub(channel, timeout).offloadModel(message))
                    .thenApply(response -> new OffloadResult(
                            response.getSuccess(), response.getMessage(), response.getTransitionId()));
        } finally {
            fork.detach(attached);
        }
    }

    private static ActionControllerConnectionFutureStub stub(ManagedChannel channel, Duration timeout) {
        return ActionControllerConnectionGrpc.newFutureStub(channel)
                .withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Describes the failures that an operator can resolve, and gives the gRPC status of all others. */
    private String message(Throwable failure, Duration timeout) {
        Status status = Status.fromThrowable(failure);
        // The root cause says "Connection refused", the status only "io exception".
        String reason = status.getCause() == null
                ? null
                : Throwables.getRootCause(status.getCause()).getMessage();
        if (status.getCode() == Status.Code.UNAVAILABLE && reason != null) {
            return target + " cannot be reached: " + reason;
        }
        if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
            BigDecimal seconds = BigDecimal.valueOf(timeout.toMillis(), 3);
            return target + " did not answer within "
                    + seconds.stripTrailingZeros().toPlainString() + " s";
        }
        return target + ": " + status.getCode()
                + (status.getDescription() == null ? "" : ", " + status.getDescription());
    }

    /** Turns a call into a future. A failure has a message for operators. */
    private <T> CompletableFuture<T> completable(
            ManagedChannel connections, Duration timeout, ListenableFuture<T> call) {
        CompletableFuture<T> completable = new CompletableFuture<>();
        Futures.addCallback(
                call,
                new FutureCallback<>() {
                    @Override
                    public void onSuccess(T result) {
                        completable.complete(result);
                    }

                    @Override
                    public void onFailure(Throwable failure) {
                        Status status = Status.fromThrowable(failure);
                        connectAtNextCall(connections, status);
                        String message = message(failure, timeout);
                        completable.completeExceptionally(
                                status.getCode() == Status.Code.UNAVAILABLE
                                        ? new AwayException(message, failure)
                                        : new IOException(message, failure));
                    }
                },
                MoreExecutors.directExecutor());
        return completable;
    }

    /**
     * Ends gRPC's own back-off between connection attempts, which grows to two minutes and refuses all calls meanwhile. The
     * callers wait between their calls, so the next call may connect at once. Calls in progress are not disturbed.
     */
    // [impl->req~wire-action-controller-away~1]
    private static void connectAtNextCall(ManagedChannel connections, Status status) {
        boolean neverConnected = status.getCode() == Status.Code.DEADLINE_EXCEEDED
                && connections.getState(false) != ConnectivityState.READY;
        if (status.getCode() == Status.Code.UNAVAILABLE || neverConnected) {
            connections.enterIdle();
        }
    }

    @Override
    public void close() {
        if (channel != null) {
            channel.shutdownNow();
            try {
                channel.awaitTermination(5, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
