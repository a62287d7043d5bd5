package io.pullpiri.statemanager.view;

/**
 * A request to move a model from one node to another. Source and target may be the same node: the model is then restarted.
 *
 * @param policyName the policy that decided it; empty if there is none
 * @param reason why it was decided; may be empty
 */
public record OffloadRequest(
        String scenarioName,
        String packageName,
        String modelName,
        String sourceNode,
        String targetNode,
        String policyName,
        String reason) {}
