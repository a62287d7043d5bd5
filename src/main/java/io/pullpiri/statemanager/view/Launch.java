// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What ActionController wrote into the annotations of a container when it launched its model. A restart in place names the
 * same scenario, package and policy.
 *
 * @param scenario a valid name
 * @param packageName a valid name; stored as {@code package}
 * @param policy a valid name; empty if there is none
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Launch(
        String scenario, @JsonProperty("package") String packageName, String policy) {

    public Launch {
        // A node record omits an empty policy.
        policy = Objects.requireNonNullElse(policy, "");
    }

    /** The estimated memory in bytes; 0 for null. */
    static long bytes(@Nullable Launch launch) {
        return launch == null ? 0 : 200L + launch.characters();
    }

    /** The number of characters of its texts. */
    int characters() {
        return scenario.length() + packageName.length() + policy.length();
    }
}
