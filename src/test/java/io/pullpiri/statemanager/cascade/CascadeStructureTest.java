// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Keeps the package {@code cascade} readable from its bottom to its top: few classes, no cycle, short chains of
 * dependencies. A nested class counts as its top-level class. Raise a limit only with a reason.
 */
class CascadeStructureTest {

    /**
     * 16, {@code AbsentContainers}, and one for each kind of command with rules of its own: {@code ScenarioHandler} (the steps of
     * scenarios), {@code OffloadHandler} (moves of models), {@code MirrorHandler} (what is found in Pullpiri's store) and
     * {@code RestartHandler} (restarts in place).
     */
    private static final int MAX_CLASSES = 21;

    private static final int MAX_CHAIN = 9;
    private static final String ADVICE =
            "put the new class into another package, or raise the limit in this test and give the reason";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackagesOf(Cascade.class);

    private static final Map<String, Set<String>> GRAPH = graph(CLASSES);

    @Test
    void cascade_hasFewClasses() {
        assertThat(GRAPH.keySet()).as(ADVICE).hasSizeLessThanOrEqualTo(MAX_CLASSES);
    }

    @Test
    void cascade_hasNoCycleOfClasses() {
        assertThat(cycles(GRAPH)).isEmpty();
    }

    @Test
    void longestChainOfDependencies_hasAtMost9Classes() {
        assertThat(longestChain(GRAPH)).as(ADVICE).hasSizeLessThanOrEqualTo(MAX_CHAIN);
    }

    @Test
    void viewBuilder_isTheOnlyClassThatAssignsItsFields() {
        fields().that()
                .areDeclaredIn(ViewBuilder.class)
                .and()
                .areNotStatic()
                .should()
                .bePrivate()
                .check(CLASSES);
    }

    @Test
    void graph_isReadFromTheBytecode() {
        assertThat(GRAPH).containsKeys("Cascade", "Command", "Plan", "Rules", "ViewBuilder");
        assertThat(GRAPH.get("Cascade")).contains("TransactionPlanner", "ViewBuilder", "Plan");
        assertThat(GRAPH.get("Plan")).containsExactly("CommandResult");
    }

    @Test
    void cycle_isFoundWithItsNames() {
        Map<String, Set<String>> graph =
                Map.of("A", Set.of("B"), "B", Set.of("C", "D"), "C", Set.of("A"), "D", Set.of("E"), "E", Set.of("D"));
        assertThat(cycles(graph)).containsExactlyInAnyOrder(Set.of("A", "B", "C"), Set.of("D", "E"));
    }

    @Test
    void longestChain_isFoundWithItsNames() {
        Map<String, Set<String>> graph =
                Map.of("A", Set.of("B", "D"), "B", Set.of("C"), "C", Set.of("D"), "D", Set.of(), "X", Set.of("A"));
        assertThat(longestChain(graph)).containsExactly("X", "A", "B", "C", "D");
    }

    /** The top-level classes of the package, each with those on which it depends. */
    private static Map<String, Set<String>> graph(JavaClasses classes) {
        Map<String, Set<String>> graph = new TreeMap<>();
        for (JavaClass each : classes) {
            String from = topLevel(each);
            if (from.equals("package-info")) {
                continue;
            }
            Set<String> to = graph.computeIfAbsent(from, any -> new TreeSet<>());
            for (Dependency dependency : each.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass().getBaseComponentType();
                if (target.getPackageName().equals(each.getPackageName())
                        && !topLevel(target).equals(from)) {
                    to.add(topLevel(target));
                }
            }
        }
        return graph;
    }

    private static String topLevel(JavaClass type) {
        String name = type.getName().substring(type.getPackageName().length() + 1);
        int nested = name.indexOf('$');
        return nested < 0 ? name : name.substring(0, nested);
    }

    /** The strongly connected components of more than one class. */
    private static List<Set<String>> cycles(Map<String, Set<String>> graph) {
        Map<String, Set<String>> reachable = new TreeMap<>();
        graph.keySet().forEach(name -> reachable.put(name, reachable(graph, name)));
        Set<Set<String>> cycles = new LinkedHashSet<>();
        reachable.forEach((name, targets) -> {
            Set<String> component = new TreeSet<>();
            for (String target : targets) {
                if (reachable.getOrDefault(target, Set.of()).contains(name)) {
                    component.add(target);
                }
            }
            if (component.size() > 1) {
                cycles.add(component);
            }
        });
        return List.copyOf(cycles);
    }

    private static Set<String> reachable(Map<String, Set<String>> graph, String from) {
        Set<String> found = new HashSet<>();
        List<String> next = new ArrayList<>(graph.getOrDefault(from, Set.of()));
        while (!next.isEmpty()) {
            String name = next.removeLast();
            if (found.add(name)) {
                next.addAll(graph.getOrDefault(name, Set.of()));
            }
        }
        return found;
    }

    /** The longest path through the graph, which must have no cycle. */
    private static List<String> longestChain(Map<String, Set<String>> graph) {
        assertThat(cycles(graph)).isEmpty();
        Map<String, List<String>> known = new HashMap<>();
        List<String> longest = List.of();
        for (String name : graph.keySet()) {
            List<String> chain = chainFrom(graph, name, known);
            longest = chain.size() > longest.size() ? chain : longest;
        }
        return longest;
    }

    private static List<String> chainFrom(
            Map<String, Set<String>> graph, String from, Map<String, List<String>> known) {
        List<String> done = known.get(from);
        if (done != null) {
            return done;
        }
        List<String> longest = List.of();
        for (String next : graph.getOrDefault(from, Set.of())) {
            List<String> chain = chainFrom(graph, next, known);
            longest = chain.size() > longest.size() ? chain : longest;
        }
        List<String> chain = new ArrayList<>();
        chain.add(from);
        chain.addAll(longest);
        known.put(from, chain);
        return chain;
    }
}
