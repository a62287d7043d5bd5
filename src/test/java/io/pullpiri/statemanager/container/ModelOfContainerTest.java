// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.container;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules of docs/wire.md for the model of a container. */
class ModelOfContainerTest {

    private static final String PULLPIRI = "io.pullpiri.annotations.model";

    private static ContainerFacts facts(String name, Map<String, String> config, Map<String, String> annotations) {
        return new ContainerFacts("id", name, "image", Map.of(), config, annotations);
    }

    // [utest->req~con-model~1]
    @Test
    void firstMatchingRule_namesTheModel() {
        Map<String, String> all = Map.of(PULLPIRI, "first", "pullpiri.model", "second", "model", "third");
        Map<String, String> config = Map.of("model", "fourth");
        assertThat(ModelOfContainer.stated(facts("n", config, all), "model-fifth"))
                .isEqualTo("first");
        assertThat(ModelOfContainer.stated(
                        facts("n", config, Map.of("pullpiri.model", "second", "model", "third")), "model-fifth"))
                .isEqualTo("second");
        assertThat(ModelOfContainer.stated(facts("n", config, Map.of("model", "third")), "model-fifth"))
                .isEqualTo("third");
        assertThat(ModelOfContainer.stated(facts("n", config, Map.of()), "model-fifth"))
                .isEqualTo("fourth");
        assertThat(ModelOfContainer.stated(facts("n", Map.of(), Map.of()), "model-fifth"))
                .isEqualTo("fifth");
        assertThat(ModelOfContainer.stated(facts("n", Map.of(), Map.of()), "fifth"))
                .isNull();
    }

    @Test
    void blankAnnotation_namesNoModel() {
        Map<String, String> blank = Map.of(PULLPIRI, "", "pullpiri.model", " ", "model", "third");
        assertThat(ModelOfContainer.stated(facts("n", Map.of(), blank), "n")).isEqualTo("third");
        assertThat(ModelOfContainer.stated(facts("n", Map.of("model", " "), Map.of()), "model-fifth"))
                .isEqualTo("fifth");
        assertThat(ModelOfContainer.stated(facts("n", Map.of(), Map.of()), "model-"))
                .isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "a_b_c, a_b",
        "a_b_, a_b",
        "a_x, a",
        "a__x, a",
        "_x,",
        "_,",
        "a,",
        "a_b,a",
        "b_a,",
    })
    void containerName_belongsToTheLongestKnownModelName(String container, String model) {
        assertThat(ModelOfContainer.byName(container, Set.of("a", "a_b", "")::contains))
                .isEqualTo(model);
    }
}
