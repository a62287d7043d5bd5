// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.lang.reflect.AnnotatedElement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.platform.commons.annotation.Testable;

/** {@code make test-quick} excludes tests by tags, so each test that needs etcd, a browser or chaos has one. */
class TagsTest {

    private static final String ROOT = "io.pullpiri.statemanager";

    private static final JavaClasses TESTS = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.ONLY_INCLUDE_TESTS)
            .importPackages(ROOT);

    @ParameterizedTest(name = "{1} needs the tag {0}")
    @CsvSource({"etcd, testing.EtcdServer", "browser, web.Browser", "chaos, chaos.KillableServer"})
    void testWithASlowPart_carriesItsTag(String tag, String part) {
        Set<String> parts = withHelpers(ROOT + "." + part);
        List<String> users = new ArrayList<>();
        List<String> untagged = new ArrayList<>();
        for (JavaClass each : TESTS) {
            String test = topLevel(each);
            if (!isTest(test)) {
                continue;
            }
            for (JavaCodeUnit unit : each.getCodeUnits()) {
                if (uses(unit, parts)) {
                    users.add(unit.getFullName());
                    if (!isTagged(unit, tag) && !hasTag(TESTS.get(test).reflect(), tag)) {
                        untagged.add(unit.getFullName());
                    }
                }
            }
        }
        assertThat(users).as("users of " + part).isNotEmpty();
        assertThat(untagged)
                .as("give the class or the test method @Tag(\"" + tag + "\")")
                .isEmpty();
    }

    @Test
    void quickRun_excludesEveryTagInUse() throws IOException {
        Set<String> tags = TESTS.stream()
                .flatMap(each -> Stream.concat(
                        Stream.of(each.reflect()), each.getMethods().stream().map(JavaMethod::reflect)))
                .flatMap(TagsTest::tags)
                .collect(toSet());
        String quick = Files.readString(Path.of("Makefile"))
                .lines()
                .filter(line -> line.contains("-DexcludedGroups="))
                .findFirst()
                .orElseThrow();
        String excluded = quick.replaceFirst(".*-DexcludedGroups='([^']*)'.*", "$1");
        assertThat(Set.of(excluded.split(" \\| "))).isEqualTo(tags);
    }

    /** Returns the part, and the classes without tests that use it, directly or indirectly. */
    private static Set<String> withHelpers(String part) {
        Set<String> parts = new HashSet<>(Set.of(part));
        boolean grown = true;
        while (grown) {
            grown = false;
            for (JavaClass each : TESTS) {
                String helper = topLevel(each);
                if (!isTest(helper)
                        && each.getDirectDependenciesFromSelf().stream()
                                .anyMatch(dependency -> parts.contains(topLevel(dependency.getTargetClass())))) {
                    grown |= parts.add(helper);
                }
            }
        }
        return parts;
    }

    private static boolean uses(JavaCodeUnit unit, Set<String> parts) {
        return unit.getAccessesFromSelf().stream()
                .map(JavaAccess::getTargetOwner)
                .anyMatch(target -> parts.contains(topLevel(target)));
    }

    private static boolean isTest(String topLevel) {
        return TESTS.get(topLevel).getAllMethods().stream()
                .anyMatch(method -> method.isMetaAnnotatedWith(Testable.class));
    }

    private static boolean isTagged(JavaCodeUnit unit, String tag) {
        return unit instanceof JavaMethod method && hasTag(method.reflect(), tag);
    }

    private static boolean hasTag(AnnotatedElement element, String tag) {
        return tags(element).anyMatch(tag::equals);
    }

    /** Returns the tags of JUnit and of jqwik, because each engine knows only its own. */
    private static Stream<String> tags(AnnotatedElement element) {
        return Stream.concat(
                Arrays.stream(element.getAnnotationsByType(Tag.class)).map(Tag::value),
                Arrays.stream(element.getAnnotationsByType(net.jqwik.api.Tag.class))
                        .map(net.jqwik.api.Tag::value));
    }

    private static String topLevel(JavaClass any) {
        return any.getName().replaceFirst("\\$.*", "");
    }
}
