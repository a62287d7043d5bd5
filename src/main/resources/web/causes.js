// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

// The causes of a package: as columns for the graph, and as a tree where there is no room for a graph.
import { html } from './lib/lit-html/lit-html.js';
import { sign } from './states.js';
import { shown, stateText, texts } from './texts.js';

// Returns four columns: scenarios, the package, its models, and their containers. A cause stands to the right of its effect.
export function layout({ resource, scenarios = [], models = [] }) {
  const known = new Map(models.map(model => [model.name, model]));
  const all = (resource.models ?? []).map(name => known.get(name) ?? { kind: 'model', name });
  return [
    scenarios.map(one => ({
      id: `s ${one.name}`,
      name: shown(one.name),
      state: one.state,
      to: ['p'],
      below: [stateText(one.state), shown(one.action)].filter(Boolean).join(' · '),
      more: shown(one.cause),
    })),
    [
      {
        id: 'p',
        name: shown(resource.name),
        state: resource.state,
        below: stateText(resource.state),
        to: all.map(model => `m ${model.name}`),
        more: shown(resource.cause),
      },
    ],
    all.map(model => ({
      id: `m ${model.name}`,
      name: shown(model.name),
      state: model.state,
      below: stateText(model.state),
      more: shown(model.cause),
      to: (model.containers ?? []).map(one => `c ${one.node} ${one.name}`),
    })),
    all.flatMap(model =>
      (model.containers ?? []).map(one => ({
        id: `c ${one.node} ${one.name}`,
        name: shown(one.name),
        state: one.state,
        to: [],
        below: `${shown(one.node)} · ${containerText(one)}`,
        more: `${shown(one.node)} · ${containerText(one)}`,
      })),
    ),
  ];
}

function containerText({ state, exitCode, podman, why, matchedByName, absent, removed }) {
  const ended = state === 'Exited' || state === 'Dead';
  const code = exitCode && ended && (!why || why === `exit code ${exitCode}`);
  return [
    code ? `${texts.exitCode} ${exitCode}` : shown(why) || stateText(state),
    podman ? `podman: ${podman}` : '',
    matchedByName ? texts.matchedByName : '',
    removed ? texts.removed : absent ? texts.absent : '',
  ]
    .filter(Boolean)
    .join(', ');
}

export function tree(detail) {
  const columns = layout(detail);
  const known = new Map(columns.flat().map(node => [node.id, node]));
  const branch = (node, depth) => html`
    <li data-state=${node.state ?? ''}>
      <div title=${node.more ?? ''}><b class="state" data-sign=${sign(node.state)}>${node.name}</b>
        <span class="faint">${texts.column[depth]} · ${node.below}</span></div>
      ${depth && node.to.length ? html`<ul>${node.to.map(id => branch(known.get(id), depth + 1))}</ul>` : ''}
    </li>`;
  return html`<ul class="tree">${columns.slice(0, 2).map((nodes, depth) => nodes.map(node => branch(node, depth)))}</ul>`;
}
