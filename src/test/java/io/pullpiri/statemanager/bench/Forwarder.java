// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.PutResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.monitoringserver.SendContainerListResponse;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The least that a server between a NodeAgent and etcd can do, as a limit for comparison: it receives a report, puts eight bytes,
 * and answers. It has one thread, so that no work is handed over.
 */
final class Forwarder {

    private Forwarder() {}

    /** @param args the endpoint of etcd */
    @SuppressWarnings("SystemOut") // the process that starts it reads the port there
    public static void main(String[] args) throws Exception {
        EventLoopGroup network = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        ManagedChannel etcd = NettyChannelBuilder.forTarget(args[0])
                .usePlaintext()
                .directExecutor()
                .eventLoopGroup(network)
                .channelType(NioSocketChannel.class)
                .build();
        System.out.println("StateManager's stand-in listens on 127.0.0.1:"
                + NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                        .bossEventLoopGroup(network)
                        .workerEventLoopGroup(network)
                        .channelType(NioServerSocketChannel.class)
                        .directExecutor()
                        .addService(new Service(KVGrpc.newFutureStub(etcd)))
                        .build()
                        .start()
                        .getPort());
    }

    private static final class Service extends StateManagerConnectionGrpc.StateManagerConnectionImplBase {

        private static final ByteString KEY = ByteString.copyFromUtf8("raw/forwarded");
        private static final ByteString VALUE = ByteString.copyFromUtf8("Degraded");

        private final KVGrpc.KVFutureStub etcd;

        Service(KVGrpc.KVFutureStub etcd) {
            this.etcd = etcd;
        }

        @Override
        public void sendChangedContainerList(ContainerList list, StreamObserver<SendContainerListResponse> caller) {
            Futures.addCallback(
                    etcd.put(PutRequest.newBuilder().setKey(KEY).setValue(VALUE).build()),
                    new FutureCallback<PutResponse>() {
                        @Override
                        public void onSuccess(PutResponse response) {
                            caller.onNext(SendContainerListResponse.getDefaultInstance());
                            caller.onCompleted();
                        }

                        @Override
                        public void onFailure(Throwable failure) {
                            caller.onError(Status.INTERNAL.withCause(failure).asRuntimeException());
                        }
                    },
                    MoreExecutors.directExecutor());
        }
    }
}
