package io.pullpiri.statemanager.grpc.limits;

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
final class FieldCounter {

    /** Fields, containers with theirs, and the entries of their maps. A real container has about twenty-five. */
    static final int MAX = 250_000;

    /** About what a part takes as an object. */
    static final int BYTES = 100;

    private static final String REPORT =
            StateManagerConnectionGrpc.getSendChangedContainerListMethod().getFullMethodName();

    private static final int CONTAINERS =
            ContainerList.CONTAINERS_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;

    private static final int NODE_NAME =
            ContainerList.NODE_NAME_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;

    private FieldCounter() {}

    /** The name of the node whose container list this is; empty if it has none, cannot be read, or is no such list. */
    static String nodeName(ByteString message, String method) {
        String name = "";
        if (!method.equals(REPORT)) {
            return name;
        }
        try {
            CodedInputStream list = message.newCodedInput();
            for (int tag = list.readTag(); tag != 0; tag = list.readTag()) {
                if (tag == NODE_NAME) {
                    name = list.readStringRequireUtf8(); // the last one counts
                } else {
                    list.skipField(tag);
                }
            }
        } catch (IOException e) {
            return "";
        }
        return name;
    }

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
