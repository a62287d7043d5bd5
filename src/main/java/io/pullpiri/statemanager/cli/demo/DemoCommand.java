// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli.demo;

import io.pullpiri.statemanager.Logging;
import io.pullpiri.statemanager.StateManager;
import io.pullpiri.statemanager.cli.CommandFailure;
import io.pullpiri.statemanager.cli.DurationConverter;
import io.pullpiri.statemanager.cli.ProgramExitCode;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.settings.Settings;
import io.pullpiri.statemanager.settings.SettingsException;
import io.pullpiri.statemanager.settings.SettingsLoader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jline.utils.Signals;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code demo} runs a server, a simulated vehicle and a simulated ActionController in one process. */
@Command(
        name = "demo",
        description = {
            "Shows what StateManager does, on this machine alone.",
            "Two simulated nodes and a simulated ActionController talk gRPC with a real server.",
            "The store is deleted at the end."
        },
        mixinStandardHelpOptions = true)
public final class DemoCommand implements Callable<Integer> {

    private static final long FRAME_MILLIS = 50;
    private static final List<String> STOPPING = List.of("INT", "TERM", "HUP");
    private static final Set<String> REFUSED_AT_FIRST = Set.of("주차보조");

    @Option(
            names = "--duration",
            paramLabel = "TIME",
            converter = DurationConverter.class,
            defaultValue = "30s",
            description = "how long the demo takes, e.g. 30s or 2m (default: 30s)")
    private Duration duration = Duration.ofSeconds(30);

    @Spec
    private CommandSpec spec;

    private volatile boolean stopped;

    @Override
    public Integer call() throws IOException, InterruptedException, SettingsException {
        // Log lines would disturb the picture.
        System.setProperty(Logging.LEVEL, "off");
        stopOnSignals();
        Path folder = Files.createTempDirectory("statemanager-demo");
        try {
            run(folder);
        } finally {
            delete(folder);
        }
        return ProgramExitCode.OK;
    }

    private void run(Path folder) throws IOException, InterruptedException, SettingsException {
        PrintWriter out = spec.commandLine().getOut();
        long start = System.nanoTime();
        try (SimulatedActionController controller = new SimulatedActionController(REFUSED_AT_FIRST);
                StateManager server = StateManager.start(settings(folder, controller));
                DemoVehicle vehicle = new DemoVehicle(server, controller, duration, start)) {
            if (Screen.isPossible()) {
                try (Screen screen = Screen.open()) {
                    // JLine has reset the handler of Ctrl-C. Without one, the cursor would stay hidden.
                    stopOnSignals();
                    while (!stopped && vehicle.advance()) {
                        screen.draw(vehicle.picture(screen.rows()));
                        Thread.sleep(FRAME_MILLIS);
                    }
                    screen.end(vehicle.picture(screen.rows()));
                }
            } else {
                out.println("StateManager's demo: " + DemoVehicle.ABOUT);
                out.println("Dashboard: " + vehicle.dashboard());
                while (!stopped && vehicle.advance()) {
                    vehicle.newLines().forEach(out::println);
                    Thread.sleep(FRAME_MILLIS);
                }
                vehicle.newLines().forEach(out::println);
                vehicle.table().forEach(out::println);
            }
            vehicle.summary().forEach(out::println);
        }
    }

    private static Settings settings(Path folder, SimulatedActionController controller) throws SettingsException {
        Map<Setting, String> options = Map.of(
                Setting.STORE,
                "sqlite:" + folder.resolve("states.db"),
                Setting.PORT,
                "0",
                Setting.FAULT_PORT,
                "off",
                Setting.HTTP_PORT,
                "0",
                Setting.ACTION_CONTROLLER,
                "127.0.0.1:" + controller.port());
        return SettingsLoader.load(options, Map.of(), null, folder.resolve("no-settings.yaml"));
    }

    private void stopOnSignals() {
        STOPPING.forEach(signal -> Signals.register(signal, this::stop));
    }

    /** Ends the demo as if its time were over. A second signal ends the process at once. */
    private void stop() {
        if (stopped) {
            Runtime.getRuntime().halt(ProgramExitCode.OK);
        }
        stopped = true;
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (IOException | UncheckedIOException e) {
            throw new CommandFailure("cannot delete " + folder + ": " + e.getMessage());
        }
    }
}
