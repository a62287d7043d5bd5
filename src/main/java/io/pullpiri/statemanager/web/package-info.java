// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The HTTP port: REST, the event stream, the dashboard, metrics and health.
 * <p>Here: the HTTP server and the translation between requests and commands or views. Not here: decisions. Used by:
 * the server's start only.
 */
@NullMarked
package io.pullpiri.statemanager.web;

import org.jspecify.annotations.NullMarked;
