// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.pullpiri.statemanager.state.ContainerState;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The record {@code /statemanager/offload/{model}} of one move of a model. It is written before ActionController is called, and is
 * removed when the move is settled. If the model was lost, it stays until a container of the model runs again.
 *
 * @param transitionId the id that this server gave the move
 * @param requestedNanos when the request was recorded, in nanoseconds since 1970
 * @param endedNanos when the call ended, in nanoseconds since 1970; 0 while it is open
 * @param settledNanos when the move is settled, in nanoseconds since 1970; 0 while the call is open
 * @param success whether ActionController says that it has moved the model
 * @param message what ActionController answered, or why there is no answer; empty while the call is open
 * @param wasDead whether the model was dead at the request
 * @param before the model's containers at the request, on all nodes
 */
@JsonInclude(JsonInclude.Include.NON_DEFAULT)
public record OffloadRecord(
        OffloadRequest request,
        String transitionId,
        Phase phase,
        @JsonProperty("requested") long requestedNanos,
        @JsonProperty("ended") long endedNanos,
        @JsonProperty("settled") long settledNanos,
        boolean success,
        String message,
        boolean wasDead,
        List<Before> before)
        implements StoredRecord {

    /** How far a move is. */
    public enum Phase {
        /** The call to ActionController has not ended. */
        OPEN,
        /** The call has ended, and the reports of the nodes may still change what became of the model. */
        SETTLING,
        /** No node has the model any more. It is dead until a node reports a container of it that has not ended. */
        LOST
    }

    /**
     * A container of the model at the request.
     *
     * @param container its id, or its name if it has no id
     * @param startedNanos when it was last started; 0 if that is not known, as in node records of older versions
     * @param ended whether it had ended
     */
    @JsonInclude(JsonInclude.Include.NON_DEFAULT)
    public record Before(
            String node,
            String container,
            @JsonProperty("started") long startedNanos,
            boolean ended) implements StoredRecord {

        private boolean isSameRun(String onNode, Container other) {
            return node.equals(onNode) && container.equals(identity(other)) && isSameStart(other);
        }

        private boolean isSameStart(Container other) {
            return startedNanos == 0 ? !ended || hasEnded(other) : startedNanos == other.startedNanos();
        }
    }

    public OffloadRecord {
        // A record omits empty texts and lists.
        message = Objects.requireNonNullElse(message, "");
        before = before == null ? List.of() : List.copyOf(before);
    }

    /** The record of a request, before ActionController is called. */
    public static OffloadRecord begun(
            OffloadRequest request, String transitionId, long nowNanos, boolean wasDead, ModelEntry model) {
        List<Before> before = new ArrayList<>();
        model.containers()
                .forEach((node, containers) -> containers.forEach(container -> before.add(
                        new Before(node, identity(container), container.startedNanos(), hasEnded(container)))));
        return new OffloadRecord(request, transitionId, Phase.OPEN, nowNanos, 0, 0, false, "", wasDead, before);
    }

    /** The record after the call has ended. */
    public OffloadRecord ended(boolean newSuccess, String newMessage, long nowNanos, long settleNanos) {
        return new OffloadRecord(
                request,
                transitionId,
                Phase.SETTLING,
                requestedNanos,
                nowNanos,
                nowNanos + settleNanos,
                newSuccess,
                newMessage,
                wasDead,
                before);
    }

    /** The record of a model that no node has any more. */
    public OffloadRecord lost() {
        return new OffloadRecord(
                request,
                transitionId,
                Phase.LOST,
                requestedNanos,
                endedNanos,
                settledNanos,
                success,
                message,
                wasDead,
                List.of());
    }

    private static String identity(Container container) {
        return container.id().isEmpty() ? container.name() : container.id();
    }

    /** Whether a container has ended. One in an unknown state may still run. */
    public static boolean hasEnded(Container container) {
        return container.state() == ContainerState.EXITED || container.state() == ContainerState.DEAD;
    }

    /** Whether ActionController has not answered yet. */
    public boolean isOpen() {
        return phase == Phase.OPEN;
    }

    /** Whether the call is open, or its settle time is not over. */
    public boolean isActive() {
        return phase != Phase.LOST;
    }

    /** Whether the end of this container is a part of the move: it is on the source, and had not ended at the request. */
    public boolean isMoved(String node, Container container) {
        return isActive()
                && node.equals(request.sourceNode())
                && before.stream().anyMatch(each -> !each.ended() && each.isSameRun(node, container));
    }

    /** Whether the target node has a container of the model with a new id, or one that was started after the request. */
    public boolean isReportedByTarget(ModelEntry model) {
        String target = request.targetNode();
        return model.containers().getOrDefault(target, List.of()).stream()
                .anyMatch(container -> before.stream().noneMatch(each -> each.isSameRun(target, container)));
    }

    /** Whether the source node has a container that it had at the request and that has not ended. */
    public boolean isStillOnSource(ModelEntry model) {
        String source = request.sourceNode();
        return model.containers().getOrDefault(source, List.of()).stream()
                .anyMatch(container ->
                        !hasEnded(container) && before.stream().anyMatch(each -> each.isSameRun(source, container)));
    }

    /** Whether a node lists a container of the model that has not ended. */
    public static boolean isOnANode(ModelEntry model) {
        return containers(model).anyMatch(container -> !container.absent() && !hasEnded(container));
    }

    private static Stream<Container> containers(ModelEntry model) {
        return model.containers().values().stream().flatMap(List::stream);
    }

    /** Whether the model counts as dead whatever its containers give: it was lost, or was dead and the target has not reported it. */
    public boolean keepsDead(ModelEntry model) {
        return switch (phase) {
            case OPEN, SETTLING -> wasDead && !isReportedByTarget(model);
            case LOST -> !isOnANode(model);
        };
    }

    /** The estimated memory in bytes. */
    public long bytes() {
        return 300 + request.bytes() + message.length() + 150L * before.size();
    }

    /** Says what is being done, for an answer: {@code model brake from HPC to rear (policy cool: too hot)}. */
    public String description() {
        return request.description();
    }
}
