package io.pullpiri.statemanager.cli;

import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The arguments KIND and NAME of the commands, one mixin for each form. */
final class ResourceArgument {

    private ResourceArgument() {}

    /** One resource of any kind. */
    static final class One {

        @Parameters(
                index = "0",
                paramLabel = "KIND",
                converter = ResourceColumns.Converter.class,
                completionCandidates = ResourceColumns.Singulars.class,
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
                converter = ResourceColumns.Converter.class,
                completionCandidates = ResourceColumns.WithStates.class,
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
                converter = ResourceColumns.Converter.class,
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

    /** All resources of a kind, or one of them. */
    static final class AllOrOne {

        @Parameters(
                index = "0",
                paramLabel = "KIND",
                converter = ResourceColumns.Converter.class,
                completionCandidates = ResourceColumns.Plurals.class,
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
    static final class Filter {

        @Parameters(
                index = "0",
                arity = "0..1",
                paramLabel = "KIND",
                converter = ResourceColumns.Converter.class,
                completionCandidates = ResourceColumns.Plurals.class,
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
