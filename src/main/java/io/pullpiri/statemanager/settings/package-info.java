// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The table of settings, and how a server's settings are gathered from options, environment and files.
 * <p>Here: every setting with its default, its reading and its error message. Not here: what a setting changes. Used
 * by: the server's start, the command line and tests.
 */
@NullMarked
package io.pullpiri.statemanager.settings;

import org.jspecify.annotations.NullMarked;
