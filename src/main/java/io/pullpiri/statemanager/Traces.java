// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.pullpiri.statemanager.manager.Tracing;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Sends traces to a collector. Spans that it does not accept in time are dropped, so that tracing delays no state. */
final class Traces implements AutoCloseable {

    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    private final SdkTracerProvider provider;

    /** @param endpoint the URL of an OTLP collector over HTTP, without a path */
    Traces(String endpoint) {
        OtlpHttpSpanExporter exporter = OtlpHttpSpanExporter.builder()
                .setEndpoint(endpoint + "/v1/traces")
                .setTimeout(TIMEOUT)
                .setConnectTimeout(TIMEOUT)
                .build();
        provider = SdkTracerProvider.builder()
                .setResource(Resource.getDefault().toBuilder()
                        .put(AttributeKey.stringKey("service.name"), "statemanager")
                        .build())
                .addSpanProcessor(BatchSpanProcessor.builder(exporter)
                        .setScheduleDelay(Duration.ofSeconds(1))
                        .build())
                .build();
    }

    Tracing tracing() {
        return new Tracing(provider.get("io.pullpiri.statemanager"));
    }

    /** Sends the spans that wait, within the timeout. */
    @Override
    public void close() {
        provider.shutdown().join(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    }
}
