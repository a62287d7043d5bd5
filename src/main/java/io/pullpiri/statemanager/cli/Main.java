// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.pullpiri.statemanager.cli.demo.DemoCommand;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code statemanager}, with all other commands as subcommands. */
@Command(
        name = "statemanager",
        description = "Derives and stores the states of a vehicle's packages, and has dead packages reconciled.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {
            ArtifactCommand.Apply.class,
            ArtifactCommand.Delete.class,
            ForgetCommand.class,
            ReconcileCommand.class,
            MirrorCommand.class,
            GetCommand.class,
            DescribeCommand.class,
            HistoryCommand.class,
            WatchCommand.class,
            WaitCommand.class,
            DemoCommand.class,
            AutoComplete.GenerateCompletion.class
        })
public final class Main {

    /** gRPC also logs the failures that it reports to the caller. Only severe messages are shown. */
    private static final Logger GRPC_LOG = Logger.getLogger("io.grpc");

    /** Control characters but line breaks: a server's message must not control the terminal. */
    private static final Pattern CONTROL = Pattern.compile("[\\p{Cc}&&[^\n]]");

    private Main() {}

    /** Runs the command in the arguments and ends the process with its exit code. */
    public static void main(String[] args) {
        GRPC_LOG.setLevel(Level.SEVERE);
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        System.exit(run(out, err, Arguments.of(args)));
    }

    /** Runs one command and returns its exit code. {@code serve} builds no other command: see docs/decisions/0009. */
    public static int run(PrintWriter out, PrintWriter err, String... args) {
        CommandLine line = args.length > 0 && args[0].equals("serve")
                ? new CommandLine(CommandSpec.create().name("statemanager"))
                : new CommandLine(new Main());
        line.addSubcommand("serve", new CommandLine(ServeCommand.spec()));
        line.setOut(out).setErr(err);
        line.setExecutionStrategy(parsed -> execute(parsed, out, err));
        line.setParameterExceptionHandler((e, wrong) -> usageError(e, err));
        line.setExecutionExceptionHandler((e, command, parsed) -> failure(e, err));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        return line.execute(args);
    }

    private static int execute(ParseResult parsed, PrintWriter out, PrintWriter err) {
        Integer helped = CommandLine.executeHelpRequest(parsed);
        if (helped != null) {
            return helped;
        }
        if (!parsed.hasSubcommand()) {
            parsed.commandSpec().commandLine().usage(err);
            return ProgramExitCode.USAGE;
        }
        ParseResult command = parsed.subcommand();
        if (command.commandSpec().name().equals("serve")) {
            return ServeCommand.run(command.commandSpec(), out, err);
        }
        return new CommandLine.RunLast().execute(parsed);
    }

    private static int usageError(ParameterException e, PrintWriter err) {
        err.println("error: " + e.getMessage());
        boolean suggested = UnmatchedArgumentException.printSuggestions(e, err);
        Set<String> commands = e.getCommandLine().getSubcommands().keySet();
        if (!suggested && !commands.isEmpty()) {
            err.println("Commands are " + String.join(", ", commands) + ".");
        }
        err.println("See '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        return ProgramExitCode.USAGE;
    }

    private static int failure(Exception e, PrintWriter err) throws Exception {
        if (e instanceof CommandFailure) {
            err.println(
                    "error: " + CONTROL.matcher(String.valueOf(e.getMessage())).replaceAll("?"));
            return ProgramExitCode.FAILED;
        }
        throw e;
    }

    /** Reads the version from the build's properties. */
    static final class Version implements IVersionProvider {

        @Override
        public String[] getVersion() {
            Properties properties = new Properties();
            try (InputStream in = Main.class.getResourceAsStream("/statemanager.properties")) {
                properties.load(in);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return new String[] {"statemanager " + properties.getProperty("version")};
        }
    }
}
