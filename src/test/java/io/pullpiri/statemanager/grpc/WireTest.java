// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.GenericDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import io.pullpiri.proto.actioncontroller.ReconcileRequest;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.schedinfo.v1.FaultInfo;
import io.pullpiri.proto.statemanager.StateChange;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Our messages have the names and numbers of Pullpiri's files, from which its components are built. */
class WireTest {

    @Test
    void everyServiceMessageAndEnum_hasPullpirisNamesAndNumbers() throws IOException {
        assertThat(ours()).isEqualTo(pullpiris());
    }

    private static Map<String, List<String>> pullpiris() throws IOException {
        Map<String, List<String>> blocks = new HashMap<>();
        try (InputStream in = WireTest.class.getResourceAsStream("/wire.txt")) {
            String text = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
            Arrays.stream(text.split("\n\n", -1)).skip(1).forEach(block -> {
                List<String> lines = block.lines().toList();
                blocks.put(lines.getFirst(), lines.subList(1, lines.size()));
            });
        }
        return blocks;
    }

    private static Map<String, List<String>> ours() {
        Map<String, List<String>> blocks = new HashMap<>();
        for (Descriptor any : List.of(
                StateChange.getDescriptor(),
                ContainerList.getDescriptor(),
                ReconcileRequest.getDescriptor(),
                FaultInfo.getDescriptor())) {
            FileDescriptor file = any.getFile();
            for (ServiceDescriptor service : file.getServices()) {
                blocks.put(
                        title("service", service),
                        service.getMethods().stream().map(WireTest::line).toList());
            }
            for (Descriptor message : file.getMessageTypes()) {
                blocks.put(
                        title("message", message),
                        message.getFields().stream().map(WireTest::line).toList());
            }
            for (EnumDescriptor type : file.getEnumTypes()) {
                blocks.put(
                        title("enum", type),
                        type.getValues().stream()
                                .map(value -> value.getName() + " " + value.getNumber())
                                .toList());
            }
        }
        return blocks;
    }

    private static String title(String what, GenericDescriptor descriptor) {
        return what + " " + descriptor.getFullName();
    }

    private static String line(MethodDescriptor method) {
        return method.getName() + " " + (method.isClientStreaming() ? "stream " : "")
                + method.getInputType().getFullName() + " " + (method.isServerStreaming() ? "stream " : "")
                + method.getOutputType().getFullName();
    }

    private static String line(FieldDescriptor field) {
        List<String> parts = new ArrayList<>(List.of(field.getName(), Integer.toString(field.getNumber())));
        if (field.isMapField()) {
            parts.add("map");
            field.getMessageType().getFields().forEach(entry -> parts.add(type(entry)));
        } else {
            if (field.isRepeated()) {
                parts.add("repeated");
            }
            parts.add(type(field));
        }
        return String.join(" ", parts);
    }

    private static String type(FieldDescriptor field) {
        return switch (field.getJavaType()) {
            case MESSAGE -> field.getMessageType().getFullName();
            case ENUM -> field.getEnumType().getFullName();
            default -> field.getType().toString().toLowerCase(Locale.ROOT);
        };
    }
}
