package io.pullpiri.statemanager.cli;

import io.pullpiri.statemanager.HeapTrimmer;
import io.pullpiri.statemanager.Logging;
import io.pullpiri.statemanager.StateManager;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.settings.Settings;
import io.pullpiri.statemanager.settings.SettingsException;
import io.pullpiri.statemanager.settings.SettingsLoader;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** {@code serve}: one server, until it is told to stop. Its options are the table of settings. */
final class ServeCommand {

    private static final String CONFIG = "--config";

    private ServeCommand() {}

    static CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("serve").mixinStandardHelpOptions(true);
        spec.usageMessage()
                .description("Runs the state manager until it is told to stop (SIGTERM, Ctrl-C).")
                .sortOptions(false)
                .abbreviateSynopsis(true)
                .footer(
                        "",
                        "Every setting may also stand in the file, e.g. 'reconcile.on: [error, degraded]', and in the"
                                + " environment, e.g. STATEMANAGER_RECONCILE_ON=error. An option wins over the"
                                + " environment, that over the file.");
        for (Setting setting : Setting.values()) {
            spec.addOption(OptionSpec.builder(setting.option())
                    .paramLabel(setting.placeholder())
                    .type(String.class)
                    .description(setting.description()
                            + (setting.defaultText().isEmpty() ? "" : " (default: " + setting.defaultText() + ")"))
                    .build());
        }
        spec.addOption(OptionSpec.builder(CONFIG)
                .paramLabel("FILE")
                .type(Path.class)
                .description("a YAML file of settings")
                .build());
        return spec;
    }

    static int run(CommandSpec spec, PrintWriter out, PrintWriter err) {
        Map<Setting, String> options = new EnumMap<>(Setting.class);
        for (Setting setting : Setting.values()) {
            @Nullable String text = spec.findOption(setting.option()).getValue();
            if (text != null) {
                options.put(setting, text);
            }
        }
        @Nullable Path file = spec.findOption(CONFIG).getValue();
        Settings settings;
        try {
            settings = SettingsLoader.load(options, System.getenv(), file, SettingsLoader.PULLPIRI);
        } catch (SettingsException e) {
            err.println("error: " + e.getMessage());
            return ProgramExitCode.USAGE;
        }
        System.setProperty(Logging.LEVEL, settings.logLevel());
        try (HeapTrimmer _ = HeapTrimmer.start();
                StateManager server = StateManager.start(settings)) {
            Thread hook = new Thread(() -> stop(server), "stop");
            Runtime.getRuntime().addShutdownHook(hook);
            out.println("StateManager listens on " + settings.host() + ":" + server.port()
                    + (server.faultPort() < 0 ? "" : ", for faults on port " + server.faultPort()));
            if (server.httpPort() >= 0) {
                out.println("Dashboard: http://" + settings.host() + ":" + server.httpPort() + "/");
            }
            out.flush();
            String reason = server.manager().mustStop().join();
            err.println("error: " + reason);
            removeHook(hook);
            return ProgramExitCode.FAILED;
        } catch (IOException | StoreUnavailableException | IllegalArgumentException e) {
            err.println("error: " + e.getMessage());
            return ProgramExitCode.FAILED;
        }
    }

    /** Removes the hook, which would turn a failure into an orderly stop. */
    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            LoggerFactory.getLogger(ServeCommand.class).debug("a signal has come first", e);
        }
    }

    /** On SIGTERM and Ctrl-C: the JVM waits for this, and ends with 0 afterwards. */
    private static void stop(StateManager server) {
        // Not before: the level is taken from the settings when the first logger is made.
        LoggerFactory.getLogger(ServeCommand.class).info("told to stop: finishing what is under way");
        server.close();
        // A signal would otherwise make it 143; an orderly stop is a success.
        Runtime.getRuntime().halt(ProgramExitCode.OK);
    }
}
