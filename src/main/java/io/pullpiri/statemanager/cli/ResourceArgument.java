// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The arguments KIND and NAME of the commands, one mixin for each form. */
final class ResourceArgument {

    private ResourceArgument() {}

    /** Reads KIND in the singular or the plural. */
    static final class Converter implements ITypeConverter<ResourceColumns> {

        @Override
        public ResourceColumns convert(String text) {
            return kinds().filter(kind -> text.equals(kind.plural()) || text.equals(kind.singular()))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException(
                            "'" + text + "' (expected: packages, models, scenarios or nodes)"));
        }
    }

    /** Completes KIND where several resources are possible. */
    static final class Plurals implements Iterable<String> {

        @Override
        public Iterator<String> iterator() {
            return kinds().map(ResourceColumns::plural).iterator();
        }
    }

    /** Completes KIND where one resource is expected. */
    static final class Singulars implements Iterable<String> {

        @Override
        public Iterator<String> iterator() {
            return kinds().map(ResourceColumns::singular).iterator();
        }
    }

    /** Completes KIND where one resource with a state is expected. */
    static final class WithStates implements Iterable<String> {

        @Override
        public Iterator<String> iterator() {
            return kinds().filter(ResourceColumns::hasStates)
                    .map(ResourceColumns::singular)
                    .iterator();
        }
    }

    /** Completes the option of a state, for any kind: completion does not consider KIND. */
    static final class States implements Iterable<String> {

        @Override
        public Iterator<String> iterator() {
            return kinds().flatMap(kind -> kind.states().stream()).distinct().iterator();
        }
    }

    private static Stream<ResourceColumns> kinds() {
        return Arrays.stream(ResourceColumns.values());
    }

    /** One resource of any kind. */
    static final class One {

        @Parameters(
                index = "0",
                paramLabel = "KIND",
                converter = Converter.class,
                completionCandidates = Singulars.class,
                description = "package, model, scenario or node")
        private ResourceColumns kind;

        @Parameters(index = "1", paramLabel = "NAME", description = "its name")
        private String name = "";

        ResourceColumns kind() {
            return kind;
        }

        String name() {
            return name;
        }
    }

    /** One resource of a kind that has states. */
    static final class OneWithState {

        @Parameters(
                index = "0",
                paramLabel = "KIND",
                converter = Converter.class,
                completionCandidates = WithStates.class,
                description = "package, model or scenario")
        private ResourceColumns kind;

        @Parameters(index = "1", paramLabel = "NAME", description = "its name")
        private String name = "";

        @Spec(Spec.Target.MIXEE)
        private CommandSpec command;

        /** @throws ParameterException if the kind has no states */
        ResourceColumns kind() {
            kind.requireStates(command);
            return kind;
        }

        String name() {
            return name;
        }

        /** {@code package/adas}. */
        String title() {
            return kind.singular() + "/" + name;
        }
    }

    /** One node. KIND is an argument so that another kind can be added without a new command. */
    static final class OneNode {

        /** Completes KIND. */
        static final class Node implements Iterable<String> {

            @Override
            public Iterator<String> iterator() {
                return List.of(ResourceColumns.NODE.singular()).iterator();
            }
        }

        @Parameters(
                index = "0",
                paramLabel = "KIND",
                converter = Converter.class,
                completionCandidates = Node.class,
                description = "node")
        private ResourceColumns kind;

        @Parameters(index = "1", paramLabel = "NAME", description = "its name")
        private String name = "";

        @Spec(Spec.Target.MIXEE)
        private CommandSpec command;

        /** @throws ParameterException if the kind is another one */
        String name() {
            if (kind != ResourceColumns.NODE) {
                throw new ParameterException(
                        command.commandLine(), "KIND: a " + kind.singular() + " cannot be forgotten (expected: node)");
            }
            return name;
        }
    }

    /** One package. KIND is an argument so that another kind can be added without a new command. */
    static final class OnePackage {

        /** Completes KIND. */
        static final class PackageKind implements Iterable<String> {

            @Override
            public Iterator<String> iterator() {
                return List.of(ResourceColumns.PACKAGE.singular()).iterator();
            }
        }

        @Parameters(
                index = "0",
                paramLabel = "KIND",
                converter = Converter.class,
                completionCandidates = PackageKind.class,
                description = "package")
        private ResourceColumns kind;

        @Parameters(index = "1", paramLabel = "NAME", description = "its name")
        private String name = "";

        @Spec(Spec.Target.MIXEE)
        private CommandSpec command;

        /** @throws ParameterException if the kind is another one */
        String name() {
            if (kind != ResourceColumns.PACKAGE) {
                throw new ParameterException(
                        command.commandLine(),
                        "KIND: a " + kind.singular() + " cannot be reconciled (expected: package)");
            }
            return name;
        }
    }

    /** All resources of a kind, or one of them. */
    static final class AllOrOne {

        @Parameters(
                index = "0",
                paramLabel = "KIND",
                converter = Converter.class,
                completionCandidates = Plurals.class,
                description = "packages, models, scenarios or nodes")
        private ResourceColumns kind;

        @Parameters(index = "1", arity = "0..1", paramLabel = "NAME", description = "only this one")
        private @Nullable String name;

        ResourceColumns kind() {
            return kind;
        }

        /** Null for all. */
        @Nullable
        String name() {
            return name;
        }
    }

    /** All resources, those of a kind, or one of them. */
    static final class AnyOrAll {

        @Parameters(
                index = "0",
                arity = "0..1",
                paramLabel = "KIND",
                converter = Converter.class,
                completionCandidates = Plurals.class,
                description = "only packages, models or scenarios; for nodes, only that one was forgotten")
        private @Nullable ResourceColumns kind;

        @Parameters(index = "1", arity = "0..1", paramLabel = "NAME", description = "only this one")
        private @Nullable String name;

        /** Null for all. */
        @Nullable
        ResourceColumns kind() {
            return kind;
        }

        /** Null for all. */
        @Nullable
        String name() {
            return name;
        }
    }
}
