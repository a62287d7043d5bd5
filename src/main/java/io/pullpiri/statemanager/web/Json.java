// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pullpiri.statemanager.manager.Reconciler;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The JSON values of the HTTP interface; {@code openapi.yaml} describes them. Times are in ISO 8601. States have the spelling of
 * the specification ({@code Running}). A field that is unknown or empty is left out.
 */
final class Json {

    private static final ObjectMapper MAPPER =
            new ObjectMapper().setDefaultPropertyInclusion(JsonInclude.Include.NON_EMPTY);

    private Json() {}

    /** A problem in the form of RFC 9457. */
    record ProblemJson(String title, int status, String detail) {}

    /**
     * Resources of one kind. It can be written once, because each item is made when it is written.
     *
     * @param eventId the id after which the stream of events continues the list
     * @param current false while the store is unavailable, so that the list may be outdated
     */
    @JsonInclude(JsonInclude.Include.ALWAYS)
    record ListingJson(String eventId, boolean current, Iterator<?> items) {}

    /**
     * One resource with its related resources and its last changes, the newest first. It can be written once, as a
     * {@link ListingJson}.
     *
     * @param current false while the store is unavailable, so that the resource may be outdated
     * @param historyUnavailable why the history is missing; null if it is present
     */
    record DetailJson(
            String eventId,
            boolean current,
            Object resource,
            Iterator<ScenarioJson> scenarios,
            Iterator<PackageJson> packages,
            Iterator<ModelJson> models,
            Iterator<ContainerJson> containers,
            List<ChangeJson> history,
            @Nullable String historyUnavailable) {}

    /**
     * A package.
     *
     * @param modelsUnknown the number of its models without a state that were reported; null for none
     * @param modelsNotReported the number of its models without a state that were not reported; null for none
     */
    @SuppressWarnings("AvoidCommonTypeNames") // the term of the field
    record PackageJson(
            String kind,
            String name,
            @Nullable String state,
            @Nullable String since,
            long generation,
            String cause,
            String source,
            Map<String, Integer> modelCounts,
            @Nullable Integer modelsUnknown,
            @Nullable Integer modelsNotReported,
            List<String> models,
            List<String> scenarios,
            List<Reconciler.Progress> reconcile,
            @Nullable String artifactBroken,
            @Nullable Boolean lastGoodInForce) {}

    /** A model. */
    record ModelJson(
            String kind,
            String name,
            @Nullable String state,
            @Nullable String since,
            long generation,
            String cause,
            String source,
            List<String> packages,
            List<ContainerJson> containers) {}

    /** A scenario. */
    record ScenarioJson(
            String kind,
            String name,
            @Nullable String state,
            @Nullable String since,
            long generation,
            String cause,
            String source,
            @Nullable String action,
            @Nullable String target,
            @Nullable String artifactBroken,
            @Nullable Boolean lastGoodInForce) {}

    /**
     * A container.
     *
     * @param exitCode the exit code; null if it is too long, so that {@code why} quotes its beginning
     * @param podman podman's own status, if it is not the usual one for the state; else null
     * @param matchedByName true if the model was found by the container's name alone; else null
     * @param unmatched true if the container counts for no package; else null
     * @param absent true if its node's last report did not have it; else null
     * @param removed true if it is gone from its node and still counts, because it was dead; else null
     */
    record ContainerJson(
            String name,
            String node,
            @Nullable String model,
            String state,
            @Nullable BigInteger exitCode,
            @Nullable String podman,
            @Nullable String why,
            @Nullable Boolean matchedByName,
            @Nullable Boolean unmatched,
            @Nullable Boolean absent,
            @Nullable Boolean removed) {}

    /**
     * A node.
     *
     * @param lastReport the time of the last report; null if no record has it
     * @param known whether the node has ever named a model of a package
     * @param unmatched the number of its containers that count for no package
     * @param warning a warning that two addresses send lists for the node in turn; null if there is none
     */
    record NodeJson(
            String kind,
            String name,
            @Nullable String lastReport,
            boolean known,
            int containers,
            int unmatched,
            List<String> models,
            @Nullable String warning) {}

    /** The message of a command that succeeded. */
    record MessageJson(String message) {}

    /**
     * A state change.
     *
     * @param to the new state; empty if the resource was removed
     */
    record ChangeJson(
            String kind,
            String name,
            String from,
            @JsonInclude(JsonInclude.Include.ALWAYS) String to,
            String time,
            long generation,
            String transitionId,
            String cause,
            String source,
            long durationMillis) {}

    /** A step in the recovery of a dead package. */
    record RecoveryJson(
            String time,
            String step,
            @JsonProperty("package") String packageName,
            String scenario,
            String detail) {}

    /** A fault of a real-time task. */
    record FaultJson(String time, String detail) {}

    /** The id after which further events continue. */
    record ReadyJson(String eventId) {}

    /**
     * The condition of the store.
     *
     * @param ready whether the store was read and, as far as is known, can be written
     * @param reason why it is not ready, where possible as the store reports it; null if it is ready
     */
    record StoreJson(boolean ready, String since, @Nullable String reason) {}

    /** The outcome for one artifact. */
    record OutcomeJson(String kind, String name, String outcome) {}

    /**
     * The outcomes for all artifacts of a request.
     *
     * @param warnings probable mistakes in the artifacts, such as a misspelled field
     */
    record OutcomesJson(List<OutcomeJson> items, List<String> warnings) {}

    /**
     * The answer of a server whose store works.
     *
     * @param status {@code ready}, or {@code degraded} if Pullpiri's store may differ from ours
     * @param detail why they may differ; null if the status is ready
     * @param lagSeconds for how long they may have differed; null if the status is ready
     */
    record HealthJson(
            String status,
            @Nullable String detail,
            @Nullable Double lagSeconds) {}

    /** Returns a small value as JSON. */
    static byte[] bytes(Object value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write " + value, e);
        }
    }

    /**
     * Writes a value piece by piece, and leaves the stream open.
     *
     * @throws JsonProcessingException if the value cannot be written, which is a defect
     */
    static void write(Object value, OutputStream out) throws IOException {
        MAPPER.writer().without(StreamWriteFeature.AUTO_CLOSE_TARGET).writeValue(out, value);
    }
}
