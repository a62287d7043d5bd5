package io.pullpiri.statemanager.grpc;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.grpc.BindableService;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.ContainerFacts;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads container lists. Counts what a large container list is made of before it is taken apart: four megabytes can be two million containers
 * of two bytes, each of which takes a hundred once it is an object.
 */
final class ContainerLists implements ServerInterceptor {

    /** Containers, and the entries of their maps. A real one has about twenty-five. */
    static final int MOST = 400_000;

    /** Smaller lists cannot have too many. */
    private static final int SMALL = 2 * MOST;

    private static final int CONTAINERS =
            WireFormat.WIRETYPE_LENGTH_DELIMITED | ContainerList.CONTAINERS_FIELD_NUMBER << 3;

    private ContainerLists() {}

    /** The service, with container lists of no more than so many parts. */
    static ServerServiceDefinition counted(BindableService service) {
        return ServerInterceptors.intercept(
                ServerInterceptors.useInputStreamMessages(service.bindService()), new ContainerLists());
    }

    /** @param list with a valid node name */
    static Command.NodeReport command(ContainerList list) {
        List<ContainerFacts> containers = new ArrayList<>(list.getContainersCount());
        for (ContainerInfo info : list.getContainersList()) {
            containers.add(new ContainerFacts(
                    info.getId(),
                    info.getNamesCount() == 0 ? "" : info.getNames(0),
                    info.getImage(),
                    info.getStateMap(),
                    info.getConfigMap(),
                    info.getAnnotationMap()));
        }
        return new Command.NodeReport(list.getNodeName(), containers);
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        ServerCall.Listener<Q> listener = next.startCall(call, headers);
        String method =
                StateManagerConnectionGrpc.getSendChangedContainerListMethod().getFullMethodName();
        if (!call.getMethodDescriptor().getFullMethodName().equals(method)) {
            return listener;
        }
        return new SimpleForwardingServerCallListener<>(listener) {

            private boolean refused;

            @Override
            public void onMessage(Q message) {
                if (hasTooMany((InputStream) message)) {
                    refused = true;
                    call.close(
                            Status.RESOURCE_EXHAUSTED.withDescription("containers: more than " + MOST
                                    + " of them and of their entries (expected: fewer)"),
                            new Metadata());
                } else {
                    super.onMessage(message);
                }
            }

            @Override
            public void onHalfClose() {
                if (!refused) {
                    super.onHalfClose();
                }
            }
        };
    }

    private static boolean hasTooMany(InputStream message) {
        try {
            int bytes = message.available();
            if (bytes <= SMALL) {
                return false;
            }
            message.mark(bytes);
            try {
                return parts(CodedInputStream.newInstance(message)) > MOST;
            } catch (InvalidProtocolBufferException e) {
                return false; // which whoever takes it apart will say
            } finally {
                message.reset();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int parts(CodedInputStream list) throws IOException {
        int parts = 0;
        for (int tag = list.readTag(); tag != 0; tag = list.readTag()) {
            parts++;
            if (tag == CONTAINERS) {
                int end = list.pushLimit(list.readRawVarint32());
                for (int inner = list.readTag(); inner != 0; inner = list.readTag()) {
                    parts++;
                    list.skipField(inner);
                }
                list.popLimit(end);
            } else {
                list.skipField(tag);
            }
        }
        return parts;
    }
}
