// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

/**
 * A document of a kind that StateManager does not use, such as Policy, Schedule or Node.
 *
 * @param name empty if it has none
 */
public record OtherArtifact(String kind, String name, String yaml) implements Artifact {}
