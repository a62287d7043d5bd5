// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Artifacts: Scenario, Package and Model documents in YAML.
 * <p>Here: reading and checking untrusted YAML. Not here: what follows from an artifact. Used by: view, cascade,
 * settings and cli.demo.
 */
@NullMarked
package io.pullpiri.statemanager.artifact;

import org.jspecify.annotations.NullMarked;
