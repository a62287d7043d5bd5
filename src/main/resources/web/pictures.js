// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

// The graph of causes and the timeline of a package, drawn by ECharts.

import { layout } from './causes.js';
import * as echarts from './lib/echarts/echarts.esm.min.js';
import { colors, element, sign } from './states.js';
import { clock, duration, shown, stateText, texts } from './texts.js';

const ROW = 58;
const LANE = 34;
const BOX = [186, 46];
const LONGEST = 24;
const still = matchMedia('(prefers-reduced-motion: reduce)');

export class Pictures {
  #graph = null;
  #timeline = null;
  #seen = null;
  #drawn = null;
  #observer = new ResizeObserver(() => {
    this.#graph?.resize();
    this.#timeline?.resize();
  });

  // Draws graph and timeline if their content has changed. There is no timeline without a history, and no graph on a narrow
  // page.
  draw(detail, lanes) {
    const graph = element('.graph');
    const timeline = element('.timeline');
    const same = (this.#graph?.getDom() ?? null) === graph;
    if (this.#seen === detail && same) {
      return;
    }
    this.#seen = detail;
    const { resource, scenarios, models } = detail;
    const content = JSON.stringify([
      resource.state,
      resource.cause,
      resource.models,
      scenarios,
      models,
      timeline && lanes.map(lane => lane.key),
    ]);
    if (this.#drawn === content && same) {
      return;
    }
    this.#drawn = content;
    const palette = colors();
    this.#graph = this.#chart(this.#graph, graph);
    if (graph) {
      const columns = layout(detail);
      graph.style.height = `${Math.max(...columns.map(column => column.length)) * ROW + 30}px`;
      this.#graph.resize();
      this.#graph.setOption({ animation: !still.matches, ...graphOption(columns, palette) });
    }
    if (timeline) {
      timeline.style.height = `${lanes.length * LANE + 80}px`;
      this.#timeline = this.#chart(this.#timeline, timeline);
      this.#timeline.resize();
      this.#timeline.setOption(timelineOption(lanes, palette), { replaceMerge: ['series'] });
    }
  }

  #chart(chart, element) {
    if (chart?.getDom() === element) {
      return chart;
    }
    chart?.dispose();
    if (!element) {
      return null;
    }
    this.#observer.observe(element);
    return echarts.init(element, null, { renderer: 'svg' });
  }

  close() {
    this.#observer.disconnect();
    this.#graph?.dispose();
    this.#timeline?.dispose();
  }
}

// A light tint of a color. It is opaque, because it must cover the lines under it.
function tint(color, card) {
  const parts = text => text.match(/\d+/g).map(Number);
  const ground = parts(card);
  return `rgb(${parts(color)
    .map((part, index) => Math.round(part * 0.2 + ground[index] * 0.8))
    .join(', ')})`;
}

// ECharts reads braces as styles. Names have no braces, but escaped characters have.
const unbraced = label => label.replaceAll('{', '(').replaceAll('}', ')').replaceAll('|', ' ');

function short(label) {
  const plain = unbraced(label);
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST - 1)}…` : plain;
}

function graphOption(columns, palette) {
  const rows = Math.max(...columns.map(column => column.length));
  const nodes = columns.flatMap((column, x) =>
    column.map((node, index) => ({
      id: node.id,
      name: node.name,
      value: [x, (rows / column.length) * (index + 0.5)],
      more: node.more,
      itemStyle: { color: tint(palette.of(node.state), palette.card) },
      label: {
        formatter: `{sign|${sign(node.state)}}{name|${short(node.name)}}\n{more|${short(node.below)}}`,
        rich: {
          sign: { color: palette.of(node.state), width: 16, align: 'left', fontSize: 13 },
          name: { color: palette.text, width: BOX[0] - 36, align: 'left', fontWeight: 'bold', fontSize: 13, lineHeight: 18 },
          more: { color: palette.faint, width: BOX[0] - 36, align: 'left', padding: [0, 0, 0, 16], fontSize: 11, lineHeight: 15 },
        },
      },
      state: node.state,
    })),
  );
  const trouble = new Set(['Dead', 'Error', 'Degraded']);
  const states = new Map(nodes.map(node => [node.id, node.state]));
  const links = columns.flat().flatMap(node =>
    node.to.map(target => ({
      source: node.id,
      target,
      lineStyle:
        trouble.has(states.get(target)) && node.id[0] !== 's'
          ? { color: palette.of(states.get(target)), width: 2.5 }
          : { color: palette.line, width: 1.5 },
    })),
  );
  return {
    animationDurationUpdate: 300,
    grid: { left: 0, right: 0, top: 24, bottom: 4 },
    xAxis: {
      type: 'category',
      position: 'top',
      data: texts.columns,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: palette.faint, margin: 8 },
    },
    yAxis: { type: 'value', min: 0, max: rows, inverse: true, show: false },
    tooltip: { ...tooltip(palette), formatter: ({ dataType, data }) => (dataType === 'node' ? text(data.name, data.more) : '') },
    series: [
      {
        type: 'graph',
        coordinateSystem: 'cartesian2d',
        symbol: 'rect',
        symbolSize: BOX,
        label: { show: true },
        emphasis: { focus: 'adjacency' },
        lineStyle: { curveness: 0, opacity: 1 },
        data: nodes,
        links,
      },
    ],
  };
}

function timelineOption(lanes, palette) {
  const now = Date.now();
  const bars = lanes.flatMap(({ history }, lane) =>
    history.map((change, index) => ({
      value: [lane, Date.parse(change.time), index === 0 ? now : Date.parse(history[index - 1].time)],
      state: change.to,
      cause: change.cause,
      itemStyle: { color: change.to ? palette.of(change.to) : 'transparent' },
    })),
  );
  const first = Math.min(now, ...bars.map(bar => bar.value[1]));
  return {
    animation: false,
    grid: { left: 8, right: 32, top: 8, bottom: 56, containLabel: true },
    xAxis: {
      type: 'time',
      min: first,
      max: now,
      axisLabel: { color: palette.faint, hideOverlap: true },
      axisLine: { lineStyle: { color: palette.line } },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: lanes.map(lane => shown(lane.name)),
      axisLabel: {
        color: palette.text,
        width: 150,
        overflow: 'truncate',
        formatter: (name, index) => (index === 0 ? `{package|${unbraced(name)}}` : name),
        rich: { package: { fontWeight: 'bold', color: palette.text } },
      },
      axisTick: { show: false },
      axisLine: { lineStyle: { color: palette.line } },
    },
    dataZoom: [
      { type: 'inside', filterMode: 'weakFilter', zoomOnMouseWheel: 'ctrl', moveOnMouseWheel: false },
      {
        type: 'slider',
        filterMode: 'weakFilter',
        height: 20,
        bottom: 6,
        borderColor: palette.line,
        textStyle: { color: palette.faint },
        showDataShadow: false,
        brushSelect: false,
        labelFormatter: value => clock(value),
      },
    ],
    tooltip: {
      ...tooltip(palette),
      formatter: ({ data: { value, state, cause } }) =>
        text(
          `${shown(lanes[value[0]].name)}: ${stateText(state)}`,
          `${clock(value[1])} · ${duration(value[2] - value[1])}`,
          shown(cause),
        ),
    },
    series: [
      {
        type: 'custom',
        clip: true,
        encode: { x: [1, 2], y: 0 },
        data: bars,
        renderItem: (params, api) => {
          const [x, y] = api.coord([api.value(1), api.value(0)]);
          const [end] = api.coord([api.value(2), api.value(0)]);
          const height = api.size([0, 1])[1] * (api.value(0) === 0 ? 0.72 : 0.48);
          const shape = echarts.graphic.clipRectByRect(
            { x, y: y - height / 2, width: Math.max(end - x, 1.5), height },
            params.coordSys,
          );
          return shape && { type: 'rect', shape, style: { fill: api.visual('color') } };
        },
      },
    ],
  };
}

function tooltip(palette) {
  return {
    backgroundColor: palette.card,
    borderColor: palette.line,
    textStyle: { color: palette.text, fontSize: 13 },
    confine: true,
    extraCssText: 'max-width: 26rem; white-space: normal',
  };
}

// Returns an element instead of HTML, so that no text from other components is read as markup.
function text(title, ...lines) {
  const box = document.createElement('div');
  const head = box.appendChild(document.createElement('b'));
  head.textContent = title;
  lines.filter(Boolean).forEach(line => {
    box.appendChild(document.createElement('div')).textContent = line;
  });
  return box;
}
