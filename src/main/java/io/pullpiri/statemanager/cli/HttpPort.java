// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.grpc.Status;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Detects that an address belongs to an HTTP server, such as the dashboard. */
final class HttpPort {

    private static final Duration WITHIN = Duration.ofSeconds(2);

    private HttpPort() {}

    /** Returns whether a call can fail with this status because the server speaks HTTP. */
    static boolean mayBe(Status status) {
        return switch (status.getCode()) {
            case UNAVAILABLE, UNKNOWN, INTERNAL, UNIMPLEMENTED -> !isUnreachable(status.getCause());
            default -> false;
        };
    }

    private static boolean isUnreachable(@Nullable Throwable cause) {
        for (Throwable each = cause; each != null; each = each.getCause()) {
            if (each instanceof ConnectException) {
                return true;
            }
        }
        return false;
    }

    /** Requests {@code /health} over HTTP/1.1, which a gRPC server does not answer. */
    static boolean answers(String address) {
        HttpRequest health = HttpRequest.newBuilder(URI.create("http://" + address + "/health"))
                .version(HttpClient.Version.HTTP_1_1)
                .timeout(WITHIN)
                .build();
        try (HttpClient client = HttpClient.newBuilder().connectTimeout(WITHIN).build()) {
            return client.send(health, HttpResponse.BodyHandlers.discarding()).statusCode() > 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
