// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli.demo;

import io.pullpiri.statemanager.Logging;
import io.pullpiri.statemanager.StateManager;
import io.pullpiri.statemanager.cli.Main;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.settings.Settings;
import io.pullpiri.statemanager.settings.SettingsException;
import io.pullpiri.statemanager.settings.SettingsLoader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Runs the demo's vehicle on each store in the arguments, for a second. {@code tools/build} starts it once to record the class
 * cache of {@code serve}. See docs/decisions/0009.
 */
final class AotTraining {

    private static final Duration RUN_TIME = Duration.ofSeconds(1);
    private static final long FRAME_MILLIS = 50;

    private AotTraining() {}

    /** Runs the training. The arguments are stores, as for {@code --store}. */
    public static void main(String[] stores) throws IOException, InterruptedException, SettingsException {
        PrintWriter nowhere = new PrintWriter(PrintWriter.nullWriter());
        Main.run(nowhere, nowhere, "serve", "--no-such-option");
        System.setProperty(Logging.LEVEL, "info");
        System.setProperty(Logging.SERVICE, "no-such-folder/logd.sock"); // its class belongs into the cache
        for (String store : stores) {
            run(store);
        }
    }

    private static void run(String store) throws IOException, InterruptedException, SettingsException {
        try (SimulatedActionController controller = new SimulatedActionController(Set.of());
                StateManager server = StateManager.start(settings(store, controller));
                DemoVehicle vehicle = new DemoVehicle(server, controller, RUN_TIME, System.nanoTime())) {
            while (vehicle.advance()) {
                Thread.sleep(FRAME_MILLIS);
            }
        }
    }

    private static Settings settings(String store, SimulatedActionController controller) throws SettingsException {
        Map<Setting, String> options = new HashMap<>();
        options.put(Setting.STORE, store);
        options.put(Setting.ACTION_CONTROLLER, "127.0.0.1:" + controller.port());
        for (Setting port : Set.of(Setting.PORT, Setting.FAULT_PORT, Setting.HTTP_PORT)) {
            options.put(port, "0");
        }
        return SettingsLoader.load(options, Map.of(), null, Path.of("no-settings.yaml"));
    }
}
