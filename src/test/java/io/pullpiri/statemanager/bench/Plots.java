// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws plots as SVG. */
final class Plots {

    private static final List<Double> PERCENTILES =
            List.of(1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.8, 99.9, 99.95);

    private Plots() {}

    /** @return the file's name */
    static String percentiles(Path folder, String name, Map<String, Histogram> nanos) throws IOException {
        XYChart chart = chart("percentile (1 in …)", "ms");
        nanos.forEach((series, histogram) -> {
            List<Double> x = new ArrayList<>();
            List<Double> y = new ArrayList<>();
            for (double percentile : PERCENTILES) {
                // One in 2, in 100, in 1,000: the usual axis, which leaves room for rare values.
                x.add(100 / (100 - percentile));
                y.add(histogram.getValueAtPercentile(percentile) / 1e6);
            }
            chart.addSeries(series, x, y).setMarker(SeriesMarkers.CIRCLE);
        });
        return write(folder, name, chart);
    }

    /** @return the file's name */
    static String lines(Path folder, String name, String xTitle, String yTitle, Map<String, Map<Double, Double>> lines)
            throws IOException {
        XYChart chart = chart(xTitle, yTitle);
        lines.forEach((series, points) -> chart.addSeries(
                        series, new ArrayList<>(points.keySet()), new ArrayList<>(points.values()))
                .setMarker(SeriesMarkers.CIRCLE));
        chart.getStyler().setYAxisMin(0.0).setYAxisLogarithmic(false).setLegendPosition(Styler.LegendPosition.InsideSE);
        return write(folder, name, chart);
    }

    private static XYChart chart(String xTitle, String yTitle) {
        XYChart chart = new XYChartBuilder()
                .width(760)
                .height(380)
                .xAxisTitle(xTitle)
                .yAxisTitle(yTitle)
                .build();
        chart.getStyler()
                .setXAxisLogarithmic(true)
                .setYAxisLogarithmic(true)
                .setLegendPosition(Styler.LegendPosition.InsideNW)
                .setChartBackgroundColor(java.awt.Color.WHITE);
        return chart;
    }

    private static String write(Path folder, String name, XYChart chart) throws IOException {
        VectorGraphicsEncoder.saveVectorGraphic(chart, folder.resolve(name).toString(), VectorGraphicsFormat.SVG);
        return name + ".svg";
    }
}
