// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Rigs that tests of several packages share.
 * <ul>
 * <li>{@link CascadeRig}: the cascade on the simplest store, with a clock that a test moves.
 * <li>{@link ServerRig}: a whole server on free ports, in this process, with a client.
 * <li>{@link Program}: the program in a process of its own.
 * <li>{@link EtcdServer}: a real etcd; {@link EtcdAdmin} and {@link EtcdAuth} operate it; {@link Cable} interrupts its
 * connections.
 * <li>{@link FakeActionController}: an ActionController that records requests and answers as a test wants.
 * <li>{@link Await}: waits for a condition, with a deadline. {@link WatchRecorder}: records what a watch reports.
 * <li>{@link SpecificationTables}: the specification's tables, written apart from the code. {@link OwnKeys}: the keys
 * that StateManager may write.
 * <li>{@link Handwritten}: artifact files as people write them. {@link FuzzInput}: takes a fuzzer's bytes apart.
 * {@link OneLine}: checks messages.
 * <li>{@link Frames}: HTTP/2 frames as bytes. {@link Proc}: facts of Linux about a process. {@link Argument}:
 * arguments from {@code make}.
 * </ul>
 * <p>Not here: rigs of a single package. Used by: tests of all packages.
 */
@NullMarked
package io.pullpiri.statemanager.testing;

import org.jspecify.annotations.NullMarked;
