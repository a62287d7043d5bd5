// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Collects the values of figures, repetition by repetition. */
final class Series {

    private final Map<String, List<Double>> values = new LinkedHashMap<>();
    private final Map<String, String> units = new LinkedHashMap<>();
    private final Map<String, Figure.Goal> goals = new LinkedHashMap<>();

    void add(String name, String unit, double value) {
        values.computeIfAbsent(name, any -> new ArrayList<>()).add(value);
        units.put(name, unit);
    }

    void add(String name, String unit, double value, Figure.@Nullable Goal goal) {
        add(name, unit, value);
        if (goal != null) {
            goals.put(name, goal);
        }
    }

    List<Figure> figures() {
        return values.entrySet().stream()
                .map(entry -> new Figure(
                        entry.getKey(),
                        units.getOrDefault(entry.getKey(), ""),
                        entry.getValue(),
                        goals.get(entry.getKey())))
                .toList();
    }
}
