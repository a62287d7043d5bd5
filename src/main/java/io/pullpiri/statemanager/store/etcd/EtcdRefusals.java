// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.etcd;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Maps etcd's error texts to their meaning for a transaction. The gRPC code is not enough: etcd has the same code for "this
 * request is too large" and for "you have no user". No other class interprets etcd's texts for a commit.
 *
 * <p>The texts are those of etcd's {@code rpctypes/error.go}, and are equal in etcd 3.4 and 3.7. A text that is not listed may
 * concern one transaction or every write; a write of another key shows which.
 */
// [impl->req~sto-refusal~1]
final class EtcdRefusals {

    /** What a refusal concerns. */
    enum Concern {
        /** The transaction: nothing was written, and etcd never accepts the same transaction. */
        TRANSACTION,
        /** The store: nothing was written, and etcd accepts no other transaction. An operator can change that. */
        STORE,
        /** The store, but the transaction may have been applied. */
        IN_DOUBT
    }

    /**
     * A row of the table.
     *
     * @param text etcd's text without its prefix
     * @param hint what an operator can do or should know; empty for none
     */
    record Known(Concern concern, String text, String hint) {

        /** Returns the refusal as a message for an operator. */
        String message() {
            return "etcd refuses: " + text + (hint.isEmpty() ? "" : "; " + hint);
        }
    }

    static final String OUT_OF_SPACE = "mvcc: database space exceeded";

    private static final String PREFIX = "etcdserver: ";
    private static final String NO_USER = "StateManager has no user";

    /** gRPC's text for a request that is larger than etcd accepts; the sizes follow. */
    private static final String MESSAGE_TOO_LARGE = "received message larger than max";

    private static final Map<String, Known> TABLE = table(
            // The transaction.
            known(Concern.TRANSACTION, "key is not provided", ""),
            known(Concern.TRANSACTION, "value is provided", ""),
            known(Concern.TRANSACTION, "lease is provided", ""),
            known(Concern.TRANSACTION, "too many operations in txn request", "etcd's --max-txn-ops is below 128"),
            known(Concern.TRANSACTION, "duplicate key given in txn request", ""),
            known(Concern.TRANSACTION, "request is too large", "etcd's --max-request-bytes limits it"),
            // Authentication and permissions. etcd checks them again when it applies a request, so nothing was written.
            known(Concern.STORE, "user name is empty", NO_USER),
            known(Concern.STORE, "user name not found", ""),
            known(Concern.STORE, "invalid auth token", NO_USER),
            known(Concern.STORE, "authentication failed, invalid user ID or password", ""),
            known(Concern.STORE, "authentication is not enabled", ""),
            known(Concern.STORE, "permission denied", "StateManager may not read or write its keys"),
            known(Concern.STORE, "permission not given", ""),
            known(Concern.STORE, "role name not found", ""),
            known(Concern.STORE, "root user does not exist", ""),
            known(Concern.STORE, "root user does not have root role", ""),
            known(Concern.STORE, "invalid auth management", ""),
            known(Concern.STORE, "revision of auth store is old", "users or roles have just been changed"),
            // The member or the cluster. Requests demand a leader (metadata "hasleader"), so etcd notices its absence
            // before it processes the request.
            known(Concern.STORE, "no leader", "most members of the cluster cannot be reached"),
            known(Concern.STORE, "too many requests", ""),
            known(Concern.STORE, "not capable", "the cluster is being upgraded"),
            known(Concern.STORE, "rpc not supported for learner", "the member is not a full member yet"),
            // The transaction that exceeds the quota is applied and answered with this error. Later ones are not
            // applied.
            known(Concern.IN_DOUBT, OUT_OF_SPACE, "make room: compact, defragment, disarm the alarm"),
            known(Concern.IN_DOUBT, "corrupt cluster", "the data of its members differ"),
            known(Concern.IN_DOUBT, "raft proposal dropped", ""));

    private EtcdRefusals() {}

    /** Returns the row for the description of a gRPC status; null if it is not listed. */
    static @Nullable Known find(@Nullable String description) {
        if (description == null) {
            return null;
        }
        if (description.contains(MESSAGE_TOO_LARGE)) {
            return known(Concern.TRANSACTION, description, "");
        }
        return TABLE.get(description.startsWith(PREFIX) ? description.substring(PREFIX.length()) : description);
    }

    private static Known known(Concern concern, String text, String hint) {
        return new Known(concern, text, hint);
    }

    private static Map<String, Known> table(Known... rows) {
        Map<String, Known> table = new LinkedHashMap<>();
        for (Known row : rows) {
            table.put(row.text(), row);
        }
        return Map.copyOf(table);
    }
}
