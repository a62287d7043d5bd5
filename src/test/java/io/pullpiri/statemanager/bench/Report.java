// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The results of a run, as Markdown for people and as JSON for programs. */
final class Report {

    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private final Map<String, String> machine;
    private final List<Section> sections = new ArrayList<>();

    /** Figures of one kind, with an explanation and their plots. */
    record Section(String title, String text, List<Figure> figures, List<String> plots) {}

    Report(Map<String, String> machine) {
        this.machine = machine;
    }

    @SuppressWarnings("SystemOut") // progress for the user
    void add(String title, String text, List<Figure> figures, String... plots) {
        Section section = new Section(title, text, List.copyOf(figures), List.of(plots));
        sections.add(section);
        System.out.println(markdown(section));
    }

    void write(Path folder) throws IOException {
        Files.createDirectories(folder);
        StringBuilder text = new StringBuilder("# Benchmarks\n\n");
        machine.forEach((what, value) ->
                text.append("- ").append(what).append(": ").append(value).append('\n'));
        text.append("""

                Each figure is the median of n repetitions, with the least and the greatest beside it. A ratio is \
                taken within a repetition, between slices that ran in turn. The figure is the median of these ratios: \
                machines are noisy, and the distance to the limit at the same moment counts.

                "To reach" is the goal that was set before the code was written. Where it is not reached, decisions \
                [8](../decisions/0008-the-loop-has-no-thread.md) and [9](../decisions/0009-start-and-memory.md) have \
                the profile that explains it, and what was tried.
                """);
        sections.forEach(section -> text.append('\n').append(markdown(section)));
        Files.writeString(folder.resolve("README.md"), text);
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("machine", machine);
        all.put("sections", sections.stream().map(Report::json).toList());
        Files.writeString(folder.resolve("figures.json"), JSON.writeValueAsString(all) + "\n");
    }

    /** Returns the figures that break a promise. */
    List<String> brokenPromises() {
        return sections.stream()
                .flatMap(section -> section.figures().stream()
                        .filter(Figure::breaksPromise)
                        .map(figure -> section.title() + ", " + figure.name() + ": " + figure.values()))
                .toList();
    }

    private static String markdown(Section section) {
        StringBuilder text = new StringBuilder(
                "## " + section.title() + "\n\n" + section.text().strip() + "\n\n");
        text.append(
                "| what | median | least | greatest | n | unit | to reach | |\n|---|--:|--:|--:|--:|---|---|---|\n");
        for (Figure figure : section.figures()) {
            Boolean reached = figure.reached();
            text.append("| %s | **%s** | %s | %s | %d | %s | %s | %s |\n"
                    .formatted(
                            figure.name(),
                            Figure.shown(figure.median()),
                            Figure.shown(figure.min()),
                            Figure.shown(figure.max()),
                            figure.values().size(),
                            figure.unit(),
                            figure.goal() == null ? "" : figure.goal(),
                            reached == null ? "" : reached ? "reached" : "not reached"));
        }
        section.plots().forEach(plot -> text.append("\n![%s](%s)\n".formatted(section.title(), plot)));
        return text.toString();
    }

    private static Map<String, Object> json(Section section) {
        List<Map<String, Object>> figures = new ArrayList<>();
        for (Figure figure : section.figures()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", figure.name());
            one.put("unit", figure.unit());
            one.put("median", figure.median());
            one.put("min", figure.min());
            one.put("max", figure.max());
            one.put("values", figure.values());
            if (figure.goal() != null) {
                one.put("goal", figure.goal().toString());
                one.put("reached", figure.reached());
            }
            figures.add(one);
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("title", section.title());
        json.put("figures", figures);
        return json;
    }
}
