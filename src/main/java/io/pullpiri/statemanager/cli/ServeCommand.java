// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.pullpiri.statemanager.HeapTrimmer;
import io.pullpiri.statemanager.Logging;
import io.pullpiri.statemanager.ServiceNotifier;
import io.pullpiri.statemanager.StateManager;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.net.InheritedSocket;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.settings.Settings;
import io.pullpiri.statemanager.settings.SettingsException;
import io.pullpiri.statemanager.settings.SettingsLoader;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * {@code serve} runs one server until a signal stops it. Its options are made from {@link Setting}, without annotations:
 * see docs/decisions/0009.
 */
final class ServeCommand {

    private static final String CONFIG = "--config";

    private ServeCommand() {}

    /** Builds the command and its options. */
    static CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("serve").mixinStandardHelpOptions(true);
        spec.usageMessage()
                .description("Runs the server until SIGTERM or Ctrl-C.")
                .sortOptions(false)
                .abbreviateSynopsis(true)
                .footer(
                        "",
                        "Every setting can also be a key of the file, e.g. 'reconcile.on: [error, degraded]', or an"
                                + " environment variable, e.g. STATEMANAGER_RECONCILE_ON=error. An option wins over the"
                                + " environment, and the environment over the file.");
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

    /** Runs the server and returns its exit code. */
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
        List<String> warnings = new ArrayList<>();
        try {
            settings = SettingsLoader.load(options, System.getenv(), file, SettingsLoader.PULLPIRI, warnings::add);
        } catch (SettingsException e) {
            err.println("error: " + e.getMessage());
            return ProgramExitCode.USAGE;
        }
        System.setProperty(Logging.LEVEL, settings.logLevel());
        Path service = settings.logService();
        if (service != null) {
            System.setProperty(Logging.SERVICE, service.toString());
        }
        // The first logger takes its level from the settings, so no field may hold one.
        warnings.forEach(LoggerFactory.getLogger(ServeCommand.class)::warn);
        try (HeapTrimmer _ = HeapTrimmer.start();
                StateManager server = StateManager.start(settings, InheritedSocket.find(System.getenv()));
                ServiceNotifier notifier = ServiceNotifier.start(System.getenv(), server::passThreads)) {
            Thread hook = new Thread(() -> stop(server, notifier), "stop");
            Runtime.getRuntime().addShutdownHook(hook);
            Manager manager = server.manager();
            manager.onReadiness(ready -> notifier.status(ready ? "ready" : manager.whyNotReady()));
            out.println("StateManager listens on " + server.address()
                    + (server.faultPort() < 0 ? "" : ", for faults on port " + server.faultPort()));
            if (server.httpPort() >= 0) {
                out.println("Dashboard: http://" + settings.host() + ":" + server.httpPort() + "/");
            }
            out.flush();
            String reason = manager.mustStop().join();
            err.println("error: " + reason);
            removeHook(hook);
            return ProgramExitCode.FAILED;
        } catch (IOException | StoreUnavailableException | IllegalArgumentException e) {
            err.println("error: " + e.getMessage());
            return ProgramExitCode.FAILED;
        }
    }

    /** Removes the hook, which would turn a failure into an orderly end. */
    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            LoggerFactory.getLogger(ServeCommand.class).debug("a signal came first", e);
        }
    }

    /** Stops the server on SIGTERM and Ctrl-C. The JVM waits for this, and then ends with 0. */
    private static void stop(StateManager server, ServiceNotifier notifier) {
        LoggerFactory.getLogger(ServeCommand.class).info("stopping: finishing what is in progress");
        notifier.stopping();
        server.close();
        // Without this, the exit code after a signal is 143. An orderly end is a success.
        Runtime.getRuntime().halt(ProgramExitCode.OK);
    }
}
