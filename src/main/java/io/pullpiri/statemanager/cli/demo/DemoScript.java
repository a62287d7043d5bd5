// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli.demo;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The events of the demo and their times. They are written for {@link #SECONDS}, and run faster or slower if the demo is
 * shorter or longer.
 */
final class DemoScript {

    static final double SECONDS = 30;

    /** The vehicle that the script controls. */
    interface Vehicle {

        /** Applies the artifacts of an example file. */
        void install(String file);

        /** Reports the containers of models with a status, on the nodes where they run. */
        void containers(String status, int exitCode, List<String> models);

        /** Shows an event to the user. */
        void show(String actor, String what);
    }

    private record ScriptStep(double second, int number, Runnable action) {}

    private static final List<String> ADAS =
            List.of("camera-perception", "lidar-perception", "object-fusion", "emergency-brake");
    private static final List<String> BODY = List.of("door-lock", "light-control");

    private final PriorityQueue<ScriptStep> steps =
            new PriorityQueue<>(Comparator.comparingDouble(ScriptStep::second).thenComparingInt(ScriptStep::number));

    private int number;

    DemoScript(Vehicle vehicle) {
        List<String> all = new ArrayList<>(ADAS);
        all.addAll(BODY);
        all.addAll(List.of(
                "cluster-hmi", "vehicle-signals", "navigation", "media-player", "parking-assist", "ota-client"));
        for (String file :
                List.of("adas", "instrument-cluster", "infotainment", "parking", "body-control", "ota-update")) {
            at(0, () -> vehicle.install(file + ".yaml"));
        }
        at(2.5, () -> vehicle.show("vehicle", "is started: nodes start the containers"));
        at(2.5, () -> vehicle.containers("running", 0, all));

        at(5, () -> vehicle.show("HPC", "camera-perception crashes (exit code 139)"));
        at(5, () -> vehicle.containers("exited", 139, List.of("camera-perception")));
        at(7, () -> vehicle.show("HPC", "podman starts camera-perception again"));
        at(7, () -> vehicle.containers("running", 0, List.of("camera-perception")));

        at(8.5, () -> vehicle.show("ZONE", "vehicle-signals is killed, out of memory: two packages use it"));
        at(8.5, () -> vehicle.containers("exited", 137, List.of("vehicle-signals")));
        at(10.5, () -> vehicle.containers("running", 0, List.of("vehicle-signals")));

        at(11.5, () -> vehicle.show("HPC", "ota-client has done its work (exit code 0)"));
        at(11.5, () -> vehicle.containers("exited", 0, List.of("ota-client")));

        at(13, () -> vehicle.show("ZONE", "parking-assist crashes (exit code 134), and ActionController is busy"));
        at(13, () -> vehicle.containers("exited", 134, List.of("parking-assist")));

        at(17, () -> vehicle.show("vehicle", "is parked: doors and lights are paused"));
        at(17, () -> vehicle.containers("paused", 0, BODY));

        at(18.5, () -> vehicle.show("operator", "installs driver-monitoring"));
        at(18.5, () -> vehicle.install("driver-monitoring.yaml"));
        at(20.5, () -> vehicle.containers("running", 0, List.of("driver-monitor")));

        at(22, () -> vehicle.containers("running", 0, BODY));

        at(23, () -> vehicle.show("HPC", "a bad update: adas breaks down, model by model"));
        for (int i = 0; i < ADAS.size(); i++) {
            List<String> next = List.of(ADAS.get(i));
            at(23 + i * 0.7, () -> vehicle.containers("exited", 1, next));
        }
    }

    private void at(double second, Runnable action) {
        steps.add(new ScriptStep(second, number++, action));
    }

    /** Runs the steps up to a second of the script. */
    void runUpTo(double second) {
        while (!steps.isEmpty() && steps.peek().second() <= second) {
            steps.remove().action().run();
        }
    }

    /** Adds a step. */
    void add(double second, Runnable action) {
        at(second, action);
    }
}
