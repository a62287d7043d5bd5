// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Decision 11 states the limits that the program has. */
class BoundsDocumentTest {

    private static final Path DECISION = Path.of("docs/decisions/0011-bounds.md");

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', textBlock = """
            a gRPC message                   | bytes   | grpc.limits.CallMemoryLimiter.MAX_MESSAGE
            its parts                        | count   | grpc.limits.FieldCounter.MAX
            requests that come in            | percent | grpc.GrpcServer.HEAP_FOR_REQUESTS
            requests that come in            | percent | grpc.GrpcServer.HEAP_FOR_LISTS_OF_KNOWN_NODES
            requests that come in            | bytes   | grpc.limits.CallBudget.CALL_BYTES
            requests that come in            | bytes   | grpc.limits.TracedCall.PIECE_BYTES
            requests that come in            | bytes   | grpc.limits.FieldCounter.BYTES
            requests on one stream           | bytes   | grpc.limits.TracedCall.STREAM_BYTES
            streams of answers over gRPC     | count   | grpc.limits.CallMemoryLimiter.MAX_STREAMS
            answers that were not read       | percent | grpc.GrpcServer.HEAP_FOR_ANSWERS
            answers that were not read       | bytes   | grpc.Subscriptions.MAX_UNSENT
            answers that were not read       | time    | grpc.limits.CallMemoryLimiter.UNREAD_LIMIT
            a gRPC client that reads nothing | time    | grpc.limits.Backpressure.STALLED
            a gRPC client that reads nothing | count   | grpc.limits.Connections.MAX_REFUSALS
            time for HTTP/2's preface        | time    | grpc.GrpcServer.SLOWEST
            connections to a gRPC port       | count   | grpc.limits.CappedServerChannel.MAX
            connections to a gRPC port       | count   | grpc.GrpcServer.MAX_CALLS_OF_A_CONNECTION
            connections to a gRPC port       | count   | grpc.GrpcServer.MAX_RESETS_A_SECOND
            a YAML document                  | count   | artifact.Yaml.MAX_DEPTH
            a YAML document                  | count   | artifact.Yaml.MAX_ALIASES
            callers whose artifacts          | count   | grpc.ArtifactsService.MAX_READERS
            callers whose artifacts          | count   | web.Api.MAX_READERS
            commands that wait               | percent | StateManager.HEAP_FOR_THE_QUEUE
            a node's list of containers      | count   | cascade.NodeRegistry.MOST_CONTAINERS
            a node's list of containers      | bytes   | cascade.NodeRegistry.MOST_BYTES
            removed containers               | count   | cascade.AbsentContainers.MOST_REMOVED
            nodes that never named           | time    | cascade.NodeRegistry.SILENT
            what is known                    | percent | StateManager.HEAP_FOR_THE_VIEW
            records of offloads              | count   | cascade.OffloadHandler.MOST
            requests for offloads            | count   | manager.Offloader.MOST_UNDECIDED
            a transition id                  | count   | grpc.StateChanges.MAX_CHARACTERS
            events kept                      | count   | manager.ChangeFeed.KEPT
            events kept                      | percent | StateManager.HEAP_FOR_THE_FEED
            changes that the journal holds   | count   | cascade.TransactionPlanner.CHANGES_KEPT
            HTTP: connections                | count   | web.HttpConnections.MAX
            HTTP: connections                | count   | web.HttpConnections.MAX_RESTRICTED
            HTTP: a header                   | bytes   | web.RequestReader.MAX_HEADER
            HTTP: a header                   | count   | web.RequestReader.MAX_LINES
            HTTP: a header                   | bytes   | web.IncomingRequest.MAX_BODY
            HTTP: time for a header          | time    | web.WebServer.STALLED
            HTTP: requests                   | percent | web.WebServer.HEAP_FOR_REQUESTS
            HTTP: answers of `/api`          | count   | web.WebServer.ANSWERS_AT_ONCE
            HTTP: answers of `/api`          | time    | web.WebServer.ANSWER_WAIT
            HTTP: streams of events          | count   | web.EventStreams.MAX
            HTTP: a client that reads        | time    | web.WebServer.STALLED
            lines of the log                 | count   | manager.Anomalies.LINES
            """)
    void limit_isTheOneThatTheDecisionStates(String row, String unit, String constant) throws Exception {
        String figure = figure(unit, value(constant));

        assertThat(cells(row))
                .as("the row '%s' of %s (%s)", row, DECISION, constant)
                .containsPattern("(?<![\\d,])" + Pattern.quote(figure) + "(?![\\d,]*\\d)");
    }

    private static String cells(String row) throws IOException {
        List<String> rows = Files.readAllLines(DECISION).stream()
                .filter(line -> line.startsWith("| " + row))
                .toList();
        assertThat(rows).as("rows of %s that begin with '%s'", DECISION, row).hasSize(1);
        return rows.getFirst();
    }

    private static Object value(String constant) throws ReflectiveOperationException {
        int dot = constant.lastIndexOf('.');
        Field field = Class.forName("io.pullpiri.statemanager." + constant.substring(0, dot))
                .getDeclaredField(constant.substring(dot + 1));
        field.setAccessible(true);
        return field.get(null);
    }

    private static String figure(String unit, Object value) {
        return switch (unit) {
            case "count" -> String.format(Locale.ROOT, "%,d", ((Number) value).longValue());
            case "percent" -> Math.round((double) value * 100) + " %";
            case "bytes" -> bytes((int) value);
            case "time" -> time((Duration) value);
            default -> throw new IllegalArgumentException(unit);
        };
    }

    private static String bytes(int bytes) {
        if (bytes % (1 << 20) == 0) {
            return (bytes >> 20) + " MiB";
        }
        return bytes % (1 << 10) == 0 ? (bytes >> 10) + " KiB" : bytes + " bytes";
    }

    private static String time(Duration time) {
        return time.toSeconds() % 3_600 == 0 ? time.toHours() + " h" : time.toSeconds() + " s";
    }
}
