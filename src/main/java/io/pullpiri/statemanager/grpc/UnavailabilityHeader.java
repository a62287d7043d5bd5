// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/** Adds the reason why the server is not ready to a response header. The health service has no field for it. */
final class UnavailabilityHeader implements ServerInterceptor {

    private static final Metadata.Key<byte[]> NAME =
            Metadata.Key.of("statemanager-trouble-bin", Metadata.BINARY_BYTE_MARSHALLER);

    private final Supplier<String> trouble;

    /** @param trouble returns the reason; empty if the server is ready */
    UnavailabilityHeader(Supplier<String> trouble) {
        this.trouble = trouble;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        return next.startCall(
                new SimpleForwardingServerCall<>(call) {

                    @Override
                    public void sendHeaders(Metadata response) {
                        String text = trouble.get();
                        if (!text.isEmpty()) {
                            response.put(NAME, text.getBytes(StandardCharsets.UTF_8));
                        }
                        super.sendHeaders(response);
                    }
                },
                headers);
    }
}
