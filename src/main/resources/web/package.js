// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

// The page of one package: its state and cause, the graph of its causes, its reconcile requests, and its history.

import { tree } from './causes.js';
import { html } from './lib/lit-html/lit-html.js';
import { ask } from './live.js';
import { sign } from './states.js';
import { ago, clock, duration, shown, stateText, texts } from './texts.js';

const MODEL_LANES = 12;
const WAIT = 150; // Several changes often arrive together.
const AGAIN = 5_000; // Containers and reconcile requests can change without a change of a state.

const narrow = matchMedia('(max-width: 900px)'); // The graph needs more room.

export class PackagePage {
  name = '';
  #visit = null; // The loading of the open page. It is replaced when another page opens.
  #detail = null;
  #missing = false;
  #lanes = [];
  #asked = 0;
  #changed;
  #pictures = null;

  constructor(changed) {
    this.#changed = changed;
  }

  open(name) {
    this.close();
    this.name = name;
    this.#visit = { loading: false, dirty: false, timer: 0 };
    this.#load();
  }

  // Loads the package again after a change that concerns it.
  hear(change) {
    const concerned =
      !change ||
      !this.#detail ||
      change.name === this.name ||
      this.#detail?.resource.models?.includes(change.name) ||
      this.#detail?.resource.scenarios?.includes(change.name);
    if (concerned && this.#visit && !this.#visit.dirty) {
      this.#visit.dirty = true;
      this.#loadIn(WAIT);
    }
  }

  #loadIn(millis) {
    clearTimeout(this.#visit.timer);
    this.#visit.timer = setTimeout(() => this.#load(), millis);
  }

  // Loads the package. A change during a request causes another request after it.
  async #load() {
    const visit = this.#visit;
    if (visit.loading) {
      return;
    }
    visit.dirty = false;
    // A hidden page is loaded when it becomes visible.
    if (document.hidden) {
      return;
    }
    visit.loading = true;
    const asked = Date.now();
    try {
      const detail = await ask(`/api/v1/packages/${encodeURIComponent(this.name)}`);
      const lanes = detail ? await this.#past(detail) : [];
      const { Pictures } = await import('./pictures.js');
      if (visit === this.#visit) {
        this.#missing = !detail;
        this.#detail = detail;
        this.#lanes = lanes;
        this.#asked = asked;
        this.#pictures ??= new Pictures();
        this.#changed();
      }
    } catch {
      // The connection is lost. The page shows that, and keeps its content.
    }
    visit.loading = false;
    if (visit === this.#visit) {
      this.#loadIn(visit.dirty ? WAIT : AGAIN);
    }
  }

  // Returns the histories of the package and of its first models. Unchanged histories are not requested again.
  #past(detail) {
    /** @type {Map<string | null, { key: string | null, name: string, history: any[] }>} */
    const known = new Map(this.#lanes.map(lane => [lane.key, lane]));
    const lane = (
      { name, generation, since },
      /** @type {{ history?: any[], historyUnavailable?: string }} */ { history = [], historyUnavailable } = {},
    ) => ({ key: historyUnavailable ? null : `${name} ${generation} ${since}`, name, history });
    const models = (detail.models ?? []).slice(0, MODEL_LANES);
    return Promise.all([
      lane(detail.resource, detail),
      ...models.map(
        async model =>
          known.get(lane(model).key) ?? lane(model, (await ask(`/api/v1/models/${encodeURIComponent(model.name)}`)) ?? {}),
      ),
    ]);
  }

  view() {
    if (this.#missing) {
      return html`<p><a href="#/">← ${texts.back}</a></p><p class="empty">${texts.unknown(shown(this.name))}</p>`;
    }
    if (!this.#detail) {
      return html`<p><a href="#/">← ${texts.back}</a></p>`;
    }
    const { resource, history = [], historyUnavailable } = this.#detail;
    return html`
      <p><a href="#/">← ${texts.back}</a></p>
      <div class="title" data-state=${resource.state ?? ''}>
        <strong>${shown(resource.name)}</strong>
        <span class="state" data-sign=${sign(resource.state)}>${stateText(resource.state)}</span>
        ${
          resource.since
            ? html`<span class="faint">${ago(resource.since)}
          · ${texts.since} ${clock(resource.since)}</span>`
            : ''
        }
        <p>${shown(resource.cause)} ${
          resource.source && resource.source !== 'statemanager'
            ? html`<span class="faint">${texts.by} ${shown(resource.source)}</span>`
            : ''
        }</p>
      </div>
      ${
        resource.artifactBroken
          ? html`
        <h2>⚠</h2><div class="card warning">
          ${resource.lastGoodInForce ? texts.lastGoodInForce : texts.artifactBroken} ${shown(resource.artifactBroken)}</div>`
          : ''
      }
      ${resource.state === 'Error' || resource.reconcile ? this.#reconcile(resource) : ''}
      <h2>${texts.causes}</h2>
      <div class="card">${
        narrow.matches ? tree(this.#detail) : html`<div class="graph" role="img" aria-label=${texts.causes}></div>`
      }</div>
      ${
        historyUnavailable
          ? html`
        <h2>${texts.history}</h2>
        <div class="card warning">${texts.historyUnavailable(shown(historyUnavailable))}</div>`
          : html`
        <h2>${texts.timeline}</h2>
        <div class="card"><div class="timeline" role="img" aria-label=${texts.timeline}></div></div>
        <h2>${texts.history}</h2>
        <div class="card"><table>
          <tr><th>${texts.time}</th><th>${texts.change}</th><th>${texts.after}</th><th>${texts.cause}</th></tr>
          ${history.slice(0, 30).map(
            change => html`<tr>
            <td class="time">${clock(change.time)}</td>
            <td><span class="state" data-state=${change.to}
              data-sign=${sign(change.to)}>${stateText(change.to)}</span></td>
            <td class="number">${change.from ? duration(change.durationMillis) : ''}</td>
            <td>${shown(change.cause)}</td></tr>`,
          )}
        </table></div>`
      }`;
  }

  #reconcile(resource) {
    return html`
      <h2>${texts.reconcile}</h2>
      <div class="card">${
        (resource.reconcile ?? []).length
          ? resource.reconcile.map(
              progress => html`
        <p><b>${shown(progress.scenario)}</b> · ${texts.requests(progress.attempts)}
          ${progress.lastOutcome ? html` · ${texts.lastOutcome}: ${shown(progress.lastOutcome)}` : ''}
          <span class="faint">· ${this.#next(progress)}</span></p>`,
            )
          : html`<p>${(resource.scenarios ?? []).length ? '…' : texts.noScenario}</p>`
      }</div>`;
  }

  #next({ nextInMillis }) {
    const seconds = Math.ceil((this.#asked + nextInMillis - Date.now()) / 1_000);
    return nextInMillis && seconds > 0 ? `${texts.next} ${duration(seconds * 1_000)}` : texts.underWay;
  }

  drawn() {
    if (this.#detail) {
      this.#pictures?.draw(this.#detail, this.#lanes);
    }
  }

  close() {
    clearTimeout(this.#visit?.timer);
    this.#visit = null;
    this.name = '';
    this.#detail = null;
    this.#missing = false;
    this.#lanes = [];
    this.#pictures?.close();
    this.#pictures = null;
  }
}
