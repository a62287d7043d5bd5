// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The store in one SQLite file.
 * <p>Here: the file, its schema, its event log and the native library. Not here: the meaning of keys and values. Used
 * by: the server's start only.
 */
@NullMarked
package io.pullpiri.statemanager.store.sqlite;

import org.jspecify.annotations.NullMarked;
