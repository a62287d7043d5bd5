// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

// The states of packages, the worst first, and the signs and colors of all states.
export const PACKAGE_STATES = ['Error', 'Degraded', 'Paused', 'Exited', 'Idle', 'Running'];

const SIGNS = {
  Error: '✖',
  Dead: '✖',
  Degraded: '▲',
  Paused: '‖',
  Exited: '■',
  Idle: '○',
  Created: '○',
  Running: '●',
};

export const sign = state => SIGNS[state] ?? '·';

const VARIABLES = {
  Error: '--error',
  Dead: '--error',
  Degraded: '--degraded',
  Paused: '--paused',
  Exited: '--exited',
  Running: '--running',
};

// The first element that matches the selector; null if none does.
export const element = selector => /** @type {HTMLElement | null} */ (document.querySelector(selector));

// The colors of the style sheet in the current light or dark scheme. Canvas and SVG cannot read CSS variables.
export function colors() {
  const probe = document.createElement('span');
  document.body.append(probe);
  const read = variable => {
    probe.style.color = `var(${variable})`;
    return getComputedStyle(probe).color;
  };
  const all = { text: read('--text'), faint: read('--faint'), line: read('--line'), card: read('--card') };
  const idle = read('--idle');
  const states = Object.fromEntries(Object.entries(VARIABLES).map(([state, variable]) => [state, read(variable)]));
  probe.remove();
  return { ...all, of: state => states[state] ?? idle };
}
