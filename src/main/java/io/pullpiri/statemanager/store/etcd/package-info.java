// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The store in an etcd cluster.
 * <p>Here: etcd's protocol, its watches and its refusals. Not here: the meaning of keys and values. Used by: the
 * server's start only.
 */
@NullMarked
package io.pullpiri.statemanager.store.etcd;

import org.jspecify.annotations.NullMarked;
