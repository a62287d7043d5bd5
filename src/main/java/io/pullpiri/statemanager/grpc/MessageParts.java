package io.pullpiri.statemanager.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import java.io.IOException;

/**
 * What a message is made of, counted before it is taken apart: four megabytes can be two million containers of two bytes,
 * each of which takes a hundred once it is an object.
 */
final class MessageParts {

    /** Fields, containers with theirs, and the entries of their maps. A real container has about twenty-five. */
    static final int MAX = 400_000;

    /** About what a part takes as an object. */
    static final int BYTES = 100;

    private static final String REPORT =
            StateManagerConnectionGrpc.getSendChangedContainerListMethod().getFullMethodName();

    private static final int CONTAINERS =
            ContainerList.CONTAINERS_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;

    private MessageParts() {}

    /** @return more than {@link #MAX} also for what no sound message has; what cannot be read ends the count */
    static int count(ByteString message, String method) {
        int[] parts = {0};
        try {
            count(message.newCodedInput(), method.equals(REPORT), parts);
        } catch (IOException e) {
            // Whoever takes it apart will say so.
        }
        return parts[0];
    }

    private static void count(CodedInputStream message, boolean isReport, int[] parts) throws IOException {
        for (int tag = message.readTag(); tag != 0; tag = message.readTag()) {
            parts[0]++;
            if (WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_START_GROUP) {
                parts[0] = Integer.MAX_VALUE; // proto3 has none, and each could hold anything
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
