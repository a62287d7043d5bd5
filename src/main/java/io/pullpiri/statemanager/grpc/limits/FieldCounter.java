// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc.limits;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import java.io.IOException;

/**
 * Counts the parts of a message before it is decoded. A message of 4 MiB can hold two million containers of two bytes, each of
 * which takes about 100 bytes as an object.
 */
final class FieldCounter {

    /** The most parts of a message: fields, containers, their fields and map entries. A real container has about 25. */
    static final int MAX = 250_000;

    /** The estimated memory of one part as an object. */
    static final int BYTES = 100;

    private static final String REPORT =
            StateManagerConnectionGrpc.getSendChangedContainerListMethod().getFullMethodName();

    private static final int CONTAINERS =
            ContainerList.CONTAINERS_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;

    private static final int NODE_NAME =
            ContainerList.NODE_NAME_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;

    private FieldCounter() {}

    /** Returns the node name of a container list; empty if it has none, cannot be read, or is another message. */
    static String nodeName(ByteString message, String method) {
        String name = "";
        if (!method.equals(REPORT)) {
            return name;
        }
        try {
            CodedInputStream list = message.newCodedInput();
            for (int tag = list.readTag(); tag != 0; tag = list.readTag()) {
                if (tag == NODE_NAME) {
                    name = list.readStringRequireUtf8(); // the last value wins
                } else {
                    list.skipField(tag);
                }
            }
        } catch (IOException e) {
            return "";
        }
        return name;
    }

    /**
     * Counts the parts of a message. The count ends at the first part that cannot be read.
     *
     * @return more than {@link #MAX} also for a message with groups, which proto3 does not have
     */
    static int count(ByteString message, String method) {
        int[] parts = {0};
        try {
            count(message.newCodedInput(), method.equals(REPORT), parts);
        } catch (IOException e) {
            // The decoder reports it.
        }
        return parts[0];
    }

    private static void count(CodedInputStream message, boolean isReport, int[] parts) throws IOException {
        for (int tag = message.readTag(); tag != 0; tag = message.readTag()) {
            parts[0]++;
            if (WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_START_GROUP) {
                parts[0] = Integer.MAX_VALUE; // a group can nest anything
                return;
            }
            if (isReport && tag == CONTAINERS) {
                int end = message.pushLimit(message.readRawVarint32());
                count(message, false, parts);
                message.popLimit(end);
            } else {
                message.skipField(tag);
            }
            if (parts[0] > MAX) {
                return;
            }
        }
    }
}
