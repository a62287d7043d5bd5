// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.pullpiri.statemanager.store.StateStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Checks the dependencies between packages. WARNING: these rules are the architecture (docs/architecture.md). Move a class that
 * breaks a rule to another package; change a rule only with a reason.
 */
class ArchitectureTest {

    private static final String ROOT = "io.pullpiri.statemanager";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    @ParameterizedTest(name = "{0} uses only these of StateManager: {1}")
    @CsvSource(delimiter = '|', textBlock = """
                    state    | state
                    artifact | artifact state
                    net      | net
                    store    | store net state
                    cascade  | cascade view container artifact store state
                    manager  | manager cascade view container artifact store state
                    view     | view artifact store state
                    container | container state
                    settings | settings cascade artifact state net
                    limits   | limits
                    pullpiri | pullpiri manager cascade view container artifact store state net
                    grpc     | grpc limits manager cascade view container state net
                    web      | web limits net manager cascade view container state
                    """)
    void eachPackage_dependsOnlyOnLowerPackages(String name, String allowed) {
        classes()
                .that(resideInAPackage(ROOT + "." + name + ".."))
                .should()
                .onlyDependOnClassesThat(inPackages(allowed.split(" ")).or(notOurs()))
                .check(CLASSES);
    }

    @Test
    void statePackage_dependsOnPlainJavaOnly() {
        classes()
                .that(resideInAPackage(ROOT + ".state"))
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(ROOT + ".state", "java..", "org.jspecify.."))
                .check(CLASSES);
    }

    @Test
    void viewPackage_holdsImmutableValuesAndReadsNoStore() {
        classes()
                .that(resideInAPackage(ROOT + ".view"))
                .should()
                .onlyDependOnClassesThat(inPackages("view", "artifact", "store", "state")
                        .or(resideInAnyPackage(
                                "java..", "org.jspecify..", "org.pcollections..", "com.fasterxml.jackson..")))
                .check(CLASSES);
        noClasses()
                .that(resideInAPackage(ROOT + ".view"))
                .should()
                .dependOnClassesThat(assignableTo(StateStore.class))
                .check(CLASSES);
        fields().that()
                .areDeclaredInClassesThat(resideInAPackage(ROOT + ".view"))
                .should()
                .beFinal()
                .check(CLASSES);
    }

    @Test
    void otherPackages_doNotDependOnTheCommandLine() {
        noClasses()
                .that(resideInAPackage(ROOT + "..").and(DescribedPredicate.not(resideInAPackage(ROOT + ".cli.."))))
                .should()
                .dependOnClassesThat(resideInAPackage(ROOT + ".cli.."))
                .check(CLASSES);
    }

    @ParameterizedTest(name = "only {1} uses {0}")
    @CsvSource({
        "io.etcd.., store.etcd",
        "java.sql.., store.sqlite",
        "io.netty.handler.codec.http.., web",
        "io.prometheus.., manager web",
        "com.fasterxml.jackson.., view web cli pullpiri",
        "org.snakeyaml.., artifact cli",
    })
    void library_isUsedOnlyByItsPackages(String library, String packages) {
        noClasses()
                .that(resideInAPackage(ROOT + "..").and(DescribedPredicate.not(inPackages(packages.split(" ")))))
                .should()
                .dependOnClassesThat(resideInAPackage(library))
                .check(CLASSES);
    }

    @Test
    void packages_haveNoCycles() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    private static DescribedPredicate<JavaClass> inPackages(String... packages) {
        DescribedPredicate<JavaClass> predicate = DescribedPredicate.alwaysFalse();
        for (String name : packages) {
            predicate = predicate.or(resideInAPackage(ROOT + "." + name + ".."));
        }
        return predicate;
    }

    private static DescribedPredicate<JavaClass> notOurs() {
        return DescribedPredicate.not(resideInAPackage(ROOT + ".."));
    }
}
