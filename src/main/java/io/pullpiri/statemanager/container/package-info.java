// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * What a node reports of one container.
 * <p>Here: reading podman's facts, and finding a container's model. Not here: states of models. Used by: cascade and
 * grpc.
 */
@NullMarked
package io.pullpiri.statemanager.container;

import org.jspecify.annotations.NullMarked;
