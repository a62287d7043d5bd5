// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.deser.std.StringDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.Names;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Writes and reads StateManager's own records as JSON text. People may read it too; see docs/decisions/0003. */
public final class RecordCodec {

    private static final ObjectMapper JSON = JsonMapper.builder()
            // Only the components of a record are stored, not the results of its methods.
            .disable(MapperFeature.AUTO_DETECT_IS_GETTERS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .addModule(new SimpleModule().addDeserializer(String.class, new UniqueStrings()))
            .build();

    /** Interns texts, because names, states and causes repeat in the records of a vehicle. It saves two thirds of their memory. */
    private static final class UniqueStrings extends StdScalarDeserializer<String> {

        UniqueStrings() {
            super(String.class);
        }

        @Override
        public String deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            return StringDeserializer.instance.deserialize(parser, context).intern();
        }
    }

    private RecordCodec() {}

    /**
     * The node record {@code /statemanager/node/{name}}; see {@link NodeEntry}.
     *
     * @param lastKnownStates stored as {@code kept}
     * @param reportedMillis null in a record of an older version
     * @param known stored as {@code recognized}; null for an unknown node, and in a record of an older version
     */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record NodeRecord(
            @Nullable List<Container> containers,
            @JsonProperty("kept") @Nullable Map<String, ModelState> lastKnownStates,
            @Nullable Long reportedMillis,
            @JsonProperty("recognized") @Nullable Boolean known)
            implements StoredRecord {

        /** The record of a node. */
        public static NodeRecord of(NodeEntry entry) {
            return new NodeRecord(
                    List.copyOf(entry.containers().values()),
                    entry.lastKnownStates(),
                    entry.reportedMillis() == 0 ? null : entry.reportedMillis(),
                    entry.isKnown() ? true : null);
        }

        /** A record of containers only, to measure its size. */
        public static NodeRecord of(SortedMap<String, Container> containers) {
            return new NodeRecord(List.copyOf(containers.values()), null, null, null);
        }
    }

    /**
     * The journal record {@code /statemanager/journal/{sequence}}.
     *
     * @param changes the changes of the commit that wrote the record, in order
     * @param carried the latest changes of their resources from older records, which that commit deleted
     * @param nodes the nodes that were forgotten or evicted, after the changes; older versions ignore this field
     * @param notes see {@link Transition#isNote}; older versions ignore this field
     */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record JournalRecordText(
            @Nullable List<Transition> changes,
            @Nullable List<Transition> carried,
            @Nullable List<Transition> nodes,
            @Nullable List<Transition> notes)
            implements StoredRecord {

        /** The changes of the commit, in order. */
        public List<Transition> all() {
            return Stream.of(changes, nodes)
                    .filter(Objects::nonNull)
                    .flatMap(List::stream)
                    .toList();
        }
    }

    /** Writes a record. */
    public static String text(StoredRecord record) {
        try {
            return JSON.writeValueAsString(record);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write " + record, e);
        }
    }

    /** Reads a record; null for a text that StateManager did not write: no JSON, or a required field is missing. */
    public static <T extends StoredRecord> @Nullable T parse(String text, Class<T> type) {
        try {
            T record = JSON.readValue(text, type);
            return isSound(record) ? record : null;
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    /** Checks what JSON cannot express: required fields, and names that become parts of keys. */
    private static boolean isSound(@Nullable StoredRecord record) {
        return switch (record) {
            case NodeRecord node -> areSound(node.containers()) && areStates(node.lastKnownStates());
            case Container container ->
                isName(container.name())
                        && (container.label() == null || isName(container.label()))
                        && (container.model() == null || isName(container.model()))
                        && container.state() != null
                        && (container.launch() == null || isSound(container.launch()));
            case JournalRecordText journal ->
                areSound(journal.changes())
                        && areSound(journal.carried())
                        && areSound(journal.nodes())
                        && areSound(journal.notes());
            case Transition transition -> transition.kind() != null && isName(transition.name());
            case ReconcileRecord reconcile ->
                isName(reconcile.name()) && reconcile.state() != null && reconcile.cause() != null;
            case OffloadRecord offload ->
                isSound(offload.request())
                        && offload.transitionId() != null
                        && offload.phase() != null
                        && areSound(offload.before());
            case OffloadRecord.Before before -> isName(before.node()) && before.container() != null;
            case OffloadRequest request ->
                isName(request.scenarioName())
                        && isName(request.packageName())
                        && isName(request.modelName())
                        && isName(request.sourceNode())
                        && isName(request.targetNode());
            case RestartRecord restart -> isName(restart.name());
            case Owner owner -> owner.id() != null && owner.host() != null && owner.since() != null;
            case null -> false;
        };
    }

    private static boolean isSound(Launch launch) {
        return isName(launch.scenario())
                && isName(launch.packageName())
                && (launch.policy().isEmpty() || isName(launch.policy()));
    }

    private static boolean areSound(@Nullable List<? extends StoredRecord> records) {
        return records == null || records.stream().allMatch(RecordCodec::isSound);
    }

    private static boolean areStates(@Nullable Map<String, ModelState> states) {
        return states == null
                || states.entrySet().stream().allMatch(each -> each.getValue() != null && isName(each.getKey()));
    }

    private static boolean isName(@Nullable String text) {
        return text != null && Names.problem(text) == null;
    }
}
