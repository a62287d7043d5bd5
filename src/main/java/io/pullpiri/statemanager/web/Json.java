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
 * What the HTTP interface says, as JSON. openapi.yaml describes it. Times are in ISO 8601, states as the seed writes them
 * ({@code Running}). What is unknown or empty is left out.
 */
final class Json {

    private static final ObjectMapper MAPPER =
            new ObjectMapper().setDefaultPropertyInclusion(JsonInclude.Include.NON_EMPTY);

    private Json() {}

    /** A problem as RFC 9457 has it. */
    record ProblemJson(String title, int status, String detail) {}

    /**
     * Resources of one kind. Written once: items are made when it is their turn.
     *
     * @param eventId where the stream of events continues the list
     * @param current false while the store is away, and this is what was known last
     */
    @JsonInclude(JsonInclude.Include.ALWAYS)
    record ListingJson(String eventId, boolean current, Iterator<?> items) {}

    /**
     * One resource, what stands around it, and its last changes, newest first. Written once, as a {@link ListingJson}.
     *
     * @param current false while the store is away, and this is what was known last
     * @param historyUnavailable why they are not told; null if they are
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
     * @param modelsUnknown how many of its models have no state although they were reported; null for none
     * @param modelsNotReported how many of its models have no state and were not reported; null for none
     */
    @SuppressWarnings("AvoidCommonTypeNames") // it is the field's
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
     * @param exitCode null for one that is too long; {@code why} quotes its beginning
     * @param podman podman's own word, if it is not the usual one for the state; null otherwise
     * @param matchedByName true if its model was found by its name alone; null otherwise
     * @param unmatched true if it counts for no package; null otherwise
     * @param absent true if its node's last report left it out; null otherwise
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
            @Nullable Boolean absent) {}

    /**
     * A node.
     *
     * @param lastReport null if no record says so
     * @param known whether it has ever named a model of a package
     * @param unmatched how many of its containers count for no package
     * @param warning that its lists come in turn from two addresses, in words; null if they do not
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

    /** What was done. */
    record MessageJson(String message) {}

    /** @param to empty if the resource is gone */
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

    record RecoveryJson(
            String time,
            String step,
            @JsonProperty("package") String packageName,
            String scenario,
            String detail) {}

    record FaultJson(String time, String detail) {}

    /** From here on, the events continue what was said before. */
    record ReadyJson(String eventId) {}

    /**
     * @param ready whether the store was read and, as far as is known, can be written
     * @param reason why it is not ready, in words and where possible the store's own; null if it is ready
     */
    record StoreJson(boolean ready, String since, @Nullable String reason) {}

    /** What became of an artifact. */
    record OutcomeJson(String kind, String name, String outcome) {}

    /** @param warnings what the author of the artifacts probably did not mean */
    record OutcomesJson(List<OutcomeJson> items, List<String> warnings) {}

    record HealthJson(String status) {}

    static byte[] bytes(Object value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write " + value, e);
        }
    }

    /**
     * Writes it bit by bit, and does not close.
     *
     * @throws JsonProcessingException if it cannot be written, which is a defect
     */
    static void write(Object value, OutputStream out) throws IOException {
        MAPPER.writer().without(StreamWriteFeature.AUTO_CLOSE_TARGET).writeValue(out, value);
    }
}
