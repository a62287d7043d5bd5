// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import static java.util.stream.Collectors.toCollection;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Compares the two drawings in docs/architecture.md with the program's bytecode. */
class DrawingsTest {

    private static final String ROOT = "io.pullpiri.statemanager";

    /** The name of the root package in the drawing. */
    private static final String ROOT_NODE = "root";

    private static final Pattern ARROW = Pattern.compile("^ *(\\w+) --> (\\w+)$", Pattern.MULTILINE);
    private static final Pattern CALL = Pattern.compile("^ *(\\w+)->>(\\w+): (\\w+)\\(\\)", Pattern.MULTILINE);

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    @Test
    void drawingOfPackages_showsTheRealDependencies() throws IOException {
        Map<String, Set<String>> real = packageDependencies();
        assertThat(real).hasSizeGreaterThan(10);
        assertThat(arrows(drawing("graph")))
                .as("an arrow from each package to those that it uses, but for those that it reaches by other arrows")
                .isEqualTo(arrowsWithoutShortcuts(real));
    }

    @Test
    void drawingOfAReportsPath_showsRealCalls() throws IOException {
        List<MatchResult> calls =
                CALL.matcher(drawing("sequenceDiagram")).results().toList();
        assertThat(calls).hasSizeGreaterThan(10);
        assertThat(calls.stream()
                        .filter(call -> !isCall(call.group(1), call.group(2), call.group(3)))
                        .map(MatchResult::group))
                .as("arrows without a call in the bytecode")
                .isEmpty();
    }

    @Test
    void invention_isDetected() {
        assertThat(isCall("Manager", "Committer", "commit")).isTrue();
        assertThat(isCall("Manager", "Committer", "rollBack")).isFalse();
        assertThat(isCall("Committer", "Manager", "commit")).isFalse();
        assertThat(isCall("Manager", "NoSuchClass", "commit")).isFalse();
        assertThat(arrowsWithoutShortcuts(Map.of("a", Set.of("b", "c"), "b", Set.of("c"))))
                .containsExactly("a --> b", "b --> c");
    }

    /** The code block in docs/architecture.md that begins with the given keyword of Mermaid. */
    private static String drawing(String keyword) throws IOException {
        String text = Files.readString(Path.of("docs/architecture.md"));
        int begin = text.indexOf("```mermaid\n" + keyword);
        assertThat(begin).as("a drawing that begins with " + keyword).isNotNegative();
        return text.substring(begin, text.indexOf("\n```\n", begin) + 1);
    }

    private static Set<String> arrows(String drawing) {
        return ARROW.matcher(drawing)
                .results()
                .map(arrow -> arrow.group(1) + " --> " + arrow.group(2))
                .collect(toCollection(TreeSet::new));
    }

    /** Subpackages such as {@code store.etcd} belong to their package. */
    private static Map<String, Set<String>> packageDependencies() {
        Map<String, Set<String>> uses = new TreeMap<>();
        for (JavaClass each : CLASSES) {
            Set<String> used = uses.computeIfAbsent(node(each), _ -> new TreeSet<>());
            each.getDirectDependenciesFromSelf().stream()
                    .map(Dependency::getTargetClass)
                    .filter(target -> target.getPackageName().startsWith(ROOT))
                    .map(DrawingsTest::node)
                    .filter(node -> !node.equals(node(each)))
                    .forEach(used::add);
        }
        return uses;
    }

    private static String node(JavaClass any) {
        String name = any.getPackageName();
        return name.equals(ROOT) ? ROOT_NODE : name.substring(ROOT.length() + 1).replaceFirst("\\..*", "");
    }

    /** The transitive reduction of a graph without cycles. */
    private static Set<String> arrowsWithoutShortcuts(Map<String, Set<String>> uses) {
        Set<String> arrows = new TreeSet<>();
        uses.forEach((from, targets) -> {
            Set<String> indirect = targets.stream()
                    .flatMap(target -> reachable(target, uses).stream())
                    .collect(toSet());
            targets.stream()
                    .filter(target -> !indirect.contains(target))
                    .forEach(target -> arrows.add(from + " --> " + target));
        });
        return arrows;
    }

    private static Set<String> reachable(String from, Map<String, Set<String>> uses) {
        Set<String> found = new TreeSet<>();
        List<String> open = new ArrayList<>(uses.getOrDefault(from, Set.of()));
        while (!open.isEmpty()) {
            String next = open.removeLast();
            if (found.add(next)) {
                open.addAll(uses.getOrDefault(next, Set.of()));
            }
        }
        return found;
    }

    /** Whether a class, or one that is nested in it, calls the method of another. */
    private static boolean isCall(String from, String to, String method) {
        return CLASSES.stream()
                .filter(each -> topLevel(each).equals(from))
                .flatMap(each -> each.getAccessesFromSelf().stream())
                .anyMatch(access -> access.getName().equals(method)
                        && (topLevel(access.getTargetOwner()).equals(to)
                                || access.getTargetOwner().getSimpleName().equals(to)));
    }

    private static String topLevel(JavaClass any) {
        return any.getName().replaceFirst("\\$.*", "").replaceFirst(".*\\.", "");
    }
}
