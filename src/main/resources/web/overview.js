// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

// The page of all packages: the count of each state, a mosaic, and a list of the matching packages, the worst first.

import { repeat } from './lib/lit-html/directives/repeat.js';
import { html } from './lib/lit-html/lit-html.js';
import './lib-environment.js';
import { observeWindowOffset, observeWindowRect, Virtualizer, windowScroll } from './lib/virtual-core/index.js';
import { colors, element, PACKAGE_STATES, sign } from './states.js';
import { ago, number, shown, stateText, texts } from './texts.js';

const phone = matchMedia('(max-width: 720px)');
const GAP = 2;
const HIGHEST = 48;

export class Overview {
  state = '';
  text = '';
  #live;
  #changed;
  #shown = [];
  #cells = null;

  constructor(live, changed) {
    this.#live = live;
    this.#changed = changed;
    this.rows = new Virtualizer(this.#options());
    this.rows._didMount();
    phone.addEventListener('change', () => this.rows.measure());
  }

  #options() {
    return {
      count: this.#shown.length,
      getScrollElement: () => window,
      estimateSize: () => (phone.matches ? 78 : 44),
      scrollMargin: element('.rows')?.offsetTop ?? 0,
      scrollPaddingStart: 70,
      overscan: 8,
      observeElementRect: observeWindowRect,
      observeElementOffset: observeWindowOffset,
      scrollToFn: windowScroll,
      onChange: () => this.#changed(),
    };
  }

  // Filters and sorts the list after a change of packages, filter or search text.
  update() {
    const wanted = this.text.toLocaleLowerCase();
    this.#shown = [...this.#live.packages.values()]
      .filter(item => !this.state || item.state === this.state)
      .filter(
        item => !wanted || item.name.toLocaleLowerCase().includes(wanted) || item.cause?.toLocaleLowerCase().includes(wanted),
      )
      .sort(
        (a, b) =>
          PACKAGE_STATES.indexOf(a.state) - PACKAGE_STATES.indexOf(b.state) ||
          (a.since < b.since ? 1 : a.since > b.since ? -1 : 0) ||
          (a.name < b.name ? -1 : 1),
      );
  }

  view() {
    const all = [...this.#live.packages.values()];
    const count = state => all.reduce((sum, item) => sum + (item.state === state ? 1 : 0), 0);
    return html`
      <div class="counts">${PACKAGE_STATES.map(state => {
        const found = count(state);
        return html`
          <button data-state=${state} class=${found ? '' : 'none'} aria-pressed=${this.state === state}
              @click=${() => this.#filter(state)}>
            <b>${number(found)}</b><span class="state" data-sign=${sign(state)}>${stateText(state)}</span>
          </button>`;
      })}</div>
      ${
        all.length
          ? this.#list(all.length)
          : html`
        <p class="empty">${texts.noPackages} <code>./statemanager apply -f examples/adas.yaml</code></p>`
      }`;
  }

  #list(all) {
    return html`
      <canvas class="mosaic" role="img" aria-label=${texts.shown(all, all)}
          @click=${event => this.#open(event)} @mousemove=${event => this.#point(event)}></canvas>
      <div class="search">
        <input type="search" placeholder=${texts.search} aria-label=${texts.search} .value=${this.text}
            @input=${event => this.#search(event.target.value)}>
        <span role="status">${texts.shown(this.#shown.length, all)}</span>
      </div>
      <div class="rows" role="list" style="height: ${this.rows.getTotalSize() || 90}px"
          @keydown=${event => this.#walk(event)}>
        ${this.#shown.length ? '' : html`<p class="empty">${texts.noMatch}</p>`}
        ${repeat(
          this.rows.getVirtualItems(),
          row => this.#shown[row.index]?.name,
          row => this.#row(row),
        )}
      </div>`;
  }

  #row(row) {
    const item = this.#shown[row.index];
    if (!item) {
      return '';
    }
    const asked = (item.reconcile ?? [])
      .map(({ attempts, lastOutcome }) => [texts.requests(attempts), shown(lastOutcome)].filter(Boolean).join(', '))
      .join('; ');
    return html`
      <a class="row" role="listitem" data-state=${item.state ?? ''} data-index=${row.index}
          href="#/packages/${encodeURIComponent(item.name)}"
          style="transform: translateY(${row.start - this.rows.options.scrollMargin}px)">
        <span class="state" data-sign=${sign(item.state)}>${stateText(item.state)}</span>
        <span class="name" title=${shown(item.name)}>${shown(item.name)}</span>
        <span class="since">${item.since ? ago(item.since) : ''}</span>
        <span class="cause" title=${shown(item.cause)}>${item.artifactBroken ? '⚠ ' : ''}${shown(item.cause)}</span>
        ${asked ? html`<span class="reconcile" title=${asked}>⟳ ${asked}</span>` : ''}
      </a>`;
  }

  // Draws what depends on the layout: the visible rows of the list, and the mosaic.
  drawn() {
    const before = this.rows.options;
    this.rows.setOptions(this.#options());
    this.rows._willUpdate();
    this.#live.refresh.seen = new Set(this.rows.getVirtualItems().map(row => this.#shown[row.index]?.name));
    if (before.count !== this.rows.options.count || before.scrollMargin !== this.rows.options.scrollMargin) {
      this.#changed();
    }
    this.#draw();
  }

  // Draws one cell for each package, in the order of names, so that a cell keeps its place.
  #draw() {
    const canvas = /** @type {HTMLCanvasElement | null} */ (document.querySelector('.mosaic'));
    if (!canvas) {
      return;
    }
    const names = [...this.#live.packages.keys()].sort();
    const width = canvas.clientWidth;
    const height = parseFloat(getComputedStyle(canvas).maxHeight);
    let columns = 1;
    while (Math.ceil(names.length / columns) > Math.floor(height / Math.min(width / columns, HIGHEST))) {
      columns++;
    }
    const cell = { width: width / columns, height: Math.min(width / columns, HIGHEST) };
    const used = Math.ceil(names.length / columns) * cell.height;
    canvas.style.height = `${used}px`;
    this.#cells = { names, columns, cell };
    canvas.width = width * devicePixelRatio;
    canvas.height = used * devicePixelRatio;
    const pen = canvas.getContext('2d');
    pen.scale(devicePixelRatio, devicePixelRatio);
    pen.font = '12px system-ui, sans-serif';
    pen.textBaseline = 'middle';
    const palette = colors();
    const gap = cell.width > 8 ? GAP : 0.5;
    names.forEach((name, index) => {
      const item = this.#live.packages.get(name);
      const x = (index % columns) * cell.width;
      const y = Math.floor(index / columns) * cell.height;
      pen.fillStyle = palette.of(item.state);
      pen.globalAlpha = this.state && item.state !== this.state ? 0.25 : 1;
      pen.fillRect(x, y, cell.width - gap, cell.height - gap);
      if (cell.width > 70) {
        pen.fillStyle = palette.card;
        pen.save();
        pen.beginPath();
        pen.rect(x, y, cell.width - gap - 6, cell.height);
        pen.clip();
        pen.fillText(`${sign(item.state)} ${shown(name)}`, x + 8, y + (cell.height - gap) / 2);
        pen.restore();
      }
    });
  }

  #at(event) {
    const { names, columns, cell } = this.#cells;
    return names[Math.floor(event.offsetY / cell.height) * columns + Math.floor(event.offsetX / cell.width)];
  }

  #point(event) {
    const name = this.#at(event);
    event.target.title = name ? `${shown(name)}: ${stateText(this.#live.packages.get(name)?.state)}` : '';
  }

  #open(event) {
    const name = this.#at(event);
    if (name) {
      location.hash = `#/packages/${encodeURIComponent(name)}`;
    }
  }

  #filter(state) {
    location.replace(address(this.state === state ? '' : state, this.text));
  }

  #search(text) {
    // Set at once: a drawing before the change of the address would undo the typing.
    this.text = text;
    location.replace(address(this.state, text));
  }

  #walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const from = Number(event.target.closest('.row')?.dataset.index);
    if (step && from + step >= 0 && from + step < this.#shown.length) {
      event.preventDefault();
      this.rows.scrollToIndex(from + step);
      this.#changed(() => element(`.row[data-index="${from + step}"]`)?.focus());
    }
  }
}

const address = (state, text) => `#/?${new URLSearchParams({ ...(state && { state }), ...(text && { text }) })}`;
