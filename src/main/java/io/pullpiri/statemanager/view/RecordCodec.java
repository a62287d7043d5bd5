package io.pullpiri.statemanager.view;

import com.fasterxml.jackson.annotation.JsonInclude;
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

/** StateManager's own records as JSON text, to be read by people too. */
public final class RecordCodec {

    private static final ObjectMapper JSON = JsonMapper.builder()
            // Only components are stored: what a value says about itself is not.
            .disable(MapperFeature.AUTO_DETECT_IS_GETTERS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .addModule(new SimpleModule().addDeserializer(String.class, new UniqueStrings()))
            .build();

    /** Names, states and causes come again and again in a vehicle's records: a third of the memory that they would fill. */
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
     * {@code /statemanager/node/{name}}.
     *
     * @param reportedMillis see {@link NodeEntry}; null in a record that an older version wrote
     * @param recognized see {@link NodeEntry}; null if it is not, and in a record that an older version wrote
     */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record NodeRecord(
            @Nullable List<Container> containers,
            @Nullable Map<String, ModelState> kept,
            @Nullable Long reportedMillis,
            @Nullable Boolean recognized) {

        public static NodeRecord of(NodeEntry entry) {
            return new NodeRecord(
                    List.copyOf(entry.containers().values()),
                    entry.lastKnownStates(),
                    entry.reportedMillis() == 0 ? null : entry.reportedMillis(),
                    entry.recognized() ? true : null);
        }

        /** Of nothing but containers. */
        public static NodeRecord of(SortedMap<String, Container> containers) {
            return new NodeRecord(List.copyOf(containers.values()), null, null, null);
        }
    }

    /**
     * {@code /statemanager/journal/{sequence}}.
     *
     * @param changes of the commit that wrote the record, in order
     * @param carried the newest changes of their resources, from older records that were trimmed by that commit
     * @param nodes that were forgotten or evicted, after the changes; a version that does not know the field ignores it
     */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record JournalRecordText(
            @Nullable List<Transition> changes,
            @Nullable List<Transition> carried,
            @Nullable List<Transition> nodes) {

        /** The changes of the commit, in order. */
        public List<Transition> all() {
            return Stream.of(changes, nodes)
                    .filter(Objects::nonNull)
                    .flatMap(List::stream)
                    .toList();
        }
    }

    public static String text(Object record) {
        try {
            return JSON.writeValueAsString(record);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write " + record, e);
        }
    }

    /** Null for a text that is none of ours: no JSON, or something is missing that we would have written. */
    public static <T> @Nullable T parse(String text, Class<T> type) {
        try {
            T record = JSON.readValue(text, type);
            return isSound(record) ? record : null;
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    /** JSON has no notion of what must be there. Names become parts of keys. */
    private static boolean isSound(@Nullable Object record) {
        return switch (record) {
            case NodeRecord digest -> areSound(digest.containers()) && areStates(digest.kept());
            case Container container ->
                isName(container.name())
                        && (container.label() == null || isName(container.label()))
                        && (container.model() == null || isName(container.model()))
                        && container.state() != null;
            case JournalRecordText journal ->
                areSound(journal.changes()) && areSound(journal.carried()) && areSound(journal.nodes());
            case Transition transition -> transition.kind() != null && isName(transition.name());
            case ReconcileRecord reconcile ->
                isName(reconcile.name()) && reconcile.state() != null && reconcile.cause() != null;
            case Owner owner -> owner.id() != null && owner.host() != null && owner.since() != null;
            case null, default -> false;
        };
    }

    private static boolean areSound(@Nullable List<?> records) {
        return records == null || records.stream().allMatch(RecordCodec::isSound);
    }

    private static boolean areStates(@Nullable Map<String, ModelState> kept) {
        return kept == null
                || kept.entrySet().stream().allMatch(each -> each.getValue() != null && isName(each.getKey()));
    }

    private static boolean isName(@Nullable String text) {
        return text != null && Names.problem(text) == null;
    }
}
