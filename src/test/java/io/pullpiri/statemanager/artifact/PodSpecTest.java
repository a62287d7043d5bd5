// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.state.RestartPolicy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests what is read of a Model artifact. */
class PodSpecTest {

    // [utest->req~rec-node-agent-first~1]
    @ParameterizedTest
    @CsvSource({
        "'restartPolicy: Always',   ALWAYS",
        "'restartPolicy: Never',    NEVER",
        "'restartPolicy: OnFailure',ON_FAILURE",
        "'restartPolicy: never',    ON_FAILURE",
        "'restartPolicy: 7',        ON_FAILURE",
        "'restartPolicy: ',         ON_FAILURE",
        "'hostNetwork: true',       ON_FAILURE"
    })
    void restartPolicy_isOnFailureUnlessItIsAlwaysOrNever(String field, RestartPolicy policy) {
        PodSpec pod = PodSpec.read("kind: Model\nmetadata: {name: m}\nspec:\n  " + field
                + "\n  containers:\n    - {name: first, image: i}\n    - {name: second}\n");
        assertThat(pod).isEqualTo(new PodSpec(policy, "first"));
        assertThat(pod.mayBeFirst("m_first")).isTrue();
        assertThat(pod.mayBeFirst("m_second")).isFalse();
    }

    @Test
    void unreadableModel_hasTheDefaults() {
        for (String yaml : new String[] {"", "{", "spec: 7", "spec: {containers: []}", "spec: {containers: [7]}"}) {
            assertThat(PodSpec.read(yaml)).as(yaml).isEqualTo(PodSpec.UNKNOWN);
        }
        assertThat(PodSpec.read(null)).isEqualTo(PodSpec.UNKNOWN);
        assertThat(PodSpec.UNKNOWN.mayBeFirst("m_any")).isTrue();
    }
}
