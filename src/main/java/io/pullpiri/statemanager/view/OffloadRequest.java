// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.pullpiri.statemanager.state.LogText;
import java.util.Objects;

/**
 * A request to move a model from one node to another. Source and target may be the same node: the model is then restarted.
 *
 * @param policyName the policy that decided it; empty if there is none
 * @param reason why it was decided; may be empty
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record OffloadRequest(
        String scenarioName,
        String packageName,
        String modelName,
        String sourceNode,
        String targetNode,
        String policyName,
        String reason)
        implements StoredRecord {

    private static final int MOST = 200;

    public OffloadRequest {
        // A record omits empty texts.
        policyName = Objects.requireNonNullElse(policyName, "");
        reason = Objects.requireNonNullElse(reason, "");
    }

    /** The request with its free texts cut to a length that a record can hold. */
    public OffloadRequest shortened() {
        return new OffloadRequest(
                scenarioName,
                packageName,
                modelName,
                sourceNode,
                targetNode,
                LogText.excerpt(policyName, MOST),
                LogText.excerpt(reason, MOST));
    }

    /** The estimated memory in bytes. */
    public long bytes() {
        return 200L
                + scenarioName.length()
                + packageName.length()
                + modelName.length()
                + sourceNode.length()
                + targetNode.length()
                + policyName.length()
                + reason.length();
    }

    /** Describes the move for an operator: {@code model brake from HPC to rear (policy cool: too hot)}. */
    public String description() {
        String by = policyName.isEmpty() ? "" : "policy " + LogText.excerpt(policyName, MOST);
        String why = reason.isEmpty() ? "" : LogText.excerpt(reason, MOST);
        String asked = by.isEmpty() || why.isEmpty() ? by + why : by + ": " + why;
        return "model " + LogText.printable(modelName) + " from " + LogText.printable(sourceNode) + " to "
                + LogText.printable(targetNode) + (asked.isEmpty() ? "" : " (" + asked + ")");
    }
}
