// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.AuthDisableRequest;
import io.etcd.jetcd.api.AuthEnableRequest;
import io.etcd.jetcd.api.AuthGrpc;
import io.etcd.jetcd.api.AuthGrpc.AuthBlockingStub;
import io.etcd.jetcd.api.AuthRoleAddRequest;
import io.etcd.jetcd.api.AuthRoleDeleteRequest;
import io.etcd.jetcd.api.AuthRoleGrantPermissionRequest;
import io.etcd.jetcd.api.AuthUserAddRequest;
import io.etcd.jetcd.api.AuthUserDeleteRequest;
import io.etcd.jetcd.api.AuthUserGrantRoleRequest;
import io.etcd.jetcd.api.AuthUserRevokeRoleRequest;
import io.etcd.jetcd.api.AuthenticateRequest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.Permission;
import io.etcd.jetcd.api.PutRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import java.util.concurrent.TimeUnit;

/** Operates users, roles and authentication of an etcd, as an operator does. */
public final class EtcdAuth implements AutoCloseable {

    private static final String ROOT = "root";
    private static final String PASSWORD = "secret";
    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);

    private final ManagedChannel channel;
    private boolean prepared;
    private boolean enabled;

    public EtcdAuth(String endpoint) {
        channel = Grpc.newChannelBuilder(endpoint, InsecureChannelCredentials.create())
                .build();
    }

    /** {@code etcdctl auth enable}, after user and role {@code root} were added. */
    public void enable() {
        AuthBlockingStub etcd = stub();
        if (!prepared) {
            addUser(ROOT);
            etcd.roleAdd(AuthRoleAddRequest.newBuilder().setName(ROOT).build());
            etcd.userGrantRole(AuthUserGrantRoleRequest.newBuilder()
                    .setUser(ROOT)
                    .setRole(ROOT)
                    .build());
            prepared = true;
        }
        etcd.authEnable(AuthEnableRequest.getDefaultInstance());
        enabled = true;
    }

    /** {@code etcdctl auth disable}; does nothing if authentication is not enabled. */
    public void disable() {
        if (enabled) {
            stub().authDisable(AuthDisableRequest.getDefaultInstance());
            enabled = false;
        }
    }

    /** {@code etcdctl user add}. */
    public void addUser(String name) {
        stub().userAdd(AuthUserAddRequest.newBuilder()
                .setName(name)
                .setPassword(PASSWORD)
                .build());
    }

    /** Gives a user a role that may only read, and takes it away; then deletes both. */
    public void changeRoles(String name) {
        AuthBlockingStub etcd = stub();
        addUser(name);
        etcd.roleAdd(AuthRoleAddRequest.newBuilder().setName(name).build());
        etcd.roleGrantPermission(AuthRoleGrantPermissionRequest.newBuilder()
                .setName(name)
                .setPerm(Permission.newBuilder()
                        .setPermType(Permission.Type.READ)
                        .setKey(ByteString.copyFromUtf8("/"))
                        .setRangeEnd(ByteString.copyFromUtf8("0")))
                .build());
        // Each change makes the token invalid.
        stub().userGrantRole(AuthUserGrantRoleRequest.newBuilder()
                .setUser(name)
                .setRole(name)
                .build());
        stub().userRevokeRole(AuthUserRevokeRoleRequest.newBuilder()
                .setName(name)
                .setRole(name)
                .build());
        stub().roleDelete(AuthRoleDeleteRequest.newBuilder().setRole(name).build());
        stub().userDelete(AuthUserDeleteRequest.newBuilder().setName(name).build());
    }

    /** Writes a key as another component that has a user. */
    public void put(String key, String value) {
        var _ = asRoot(KVGrpc.newBlockingStub(channel))
                .put(PutRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(key))
                        .setValue(ByteString.copyFromUtf8(value))
                        .build());
    }

    private AuthBlockingStub stub() {
        return asRoot(AuthGrpc.newBlockingStub(channel));
    }

    private <S extends AbstractStub<S>> S asRoot(S service) {
        S stub = service.withWaitForReady().withDeadlineAfter(20, TimeUnit.SECONDS);
        if (!enabled) {
            return stub;
        }
        AuthenticateRequest root = AuthenticateRequest.newBuilder()
                .setName(ROOT)
                .setPassword(PASSWORD)
                .build();
        AuthBlockingStub authentication =
                AuthGrpc.newBlockingStub(channel).withWaitForReady().withDeadlineAfter(20, TimeUnit.SECONDS);
        Metadata headers = new Metadata();
        headers.put(TOKEN, authentication.authenticate(root).getToken());
        return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
