// One package: its state and cause, what it follows from as a graph, who is asked to mend it, and its past.
import { html } from './lib/lit-html/lit-html.js';
import { ask } from './live.js';
import { sign } from './states.js';
import { ago, clock, duration, stateWord, words } from './words.js';

const MODEL_LANES = 12;
const WAIT = 150; // Changes often come in flocks.

export class PackagePage {
  name = '';
  #detail = null;
  #missing = false;
  #lanes = [];
  #changed;
  #pictures = null;
  #due = 0;
  #newest = 0;

  constructor(changed) {
    this.#changed = changed;
  }

  open(name) {
    this.name = name;
    this.#detail = null;
    this.#missing = false;
    this.#lanes = [];
    this.#pictures?.close();
    this.#pictures = null;
    this.#load();
  }

  // Something has changed: if it concerns this package, it is asked for anew.
  hear(change) {
    const concerned = !change || change.name === this.name
      || this.#detail?.resource.models?.includes(change.name)
      || this.#detail?.resource.scenarios?.includes(change.name);
    if (concerned && this.name && !this.#due) {
      this.#due = setTimeout(() => this.#load(), WAIT);
    }
  }

  async #load() {
    clearTimeout(this.#due);
    this.#due = 0;
    const number = ++this.#newest;
    const { name } = this;
    try {
      const detail = await ask(`/api/v1/packages/${encodeURIComponent(name)}`);
      const models = (detail?.models ?? []).slice(0, MODEL_LANES);
      const details = await Promise.all(models.map(model => ask(`/api/v1/models/${encodeURIComponent(model.name)}`)));
      const pictures = await import('./pictures.js');
      if (number === this.#newest && name === this.name) {
        this.#missing = !detail;
        this.#detail = detail;
        this.#lanes = detail
          ? [detail, ...details.filter(Boolean)].map(one => ({ name: one.resource.name, history: one.history ?? [] }))
          : [];
        this.#pictures ??= new pictures.Pictures();
        this.#changed();
      }
    } catch {
      // The connection is away: the page says so, and what was known stays.
    }
  }

  view() {
    if (this.#missing) {
      return html`<p><a href="#/">← ${words.back}</a></p><p class="empty">${words.unknown(this.name)}</p>`;
    }
    if (!this.#detail) {
      return html`<p><a href="#/">← ${words.back}</a></p>`;
    }
    const { resource, history = [] } = this.#detail;
    return html`
      <p><a href="#/">← ${words.back}</a></p>
      <div class="title" data-state=${resource.state ?? ''}>
        <strong>${resource.name}</strong>
        <span class="state" data-sign=${sign(resource.state)}>${stateWord(resource.state)}</span>
        ${resource.since ? html`<span class="faint">${ago(resource.since)}
          · ${words.since} ${clock(resource.since)}</span>` : ''}
        <p>${resource.cause} ${resource.source && resource.source !== 'statemanager'
          ? html`<span class="faint">${words.by} ${resource.source}</span>` : ''}</p>
      </div>
      ${resource.artifactBroken ? html`
        <h2>⚠</h2><div class="card warning">${words.artifactBroken} ${resource.artifactBroken}</div>` : ''}
      ${resource.state === 'Error' || resource.reconcile ? this.#reconcile(resource) : ''}
      <h2>${words.causes}</h2>
      <div class="card"><div class="graph" role="img" aria-label=${words.causes}></div></div>
      <h2>${words.timeline}</h2>
      <div class="card"><div class="timeline" role="img" aria-label=${words.timeline}></div></div>
      <h2>${words.history}</h2>
      <div class="card"><table>
        <tr><th>${words.time}</th><th>${words.change}</th><th>${words.after}</th><th>${words.cause}</th></tr>
        ${history.slice(0, 30).map(change => html`<tr>
          <td class="time">${clock(change.time)}</td>
          <td><span class="state" data-state=${change.to} data-sign=${sign(change.to)}>${stateWord(change.to)}</span></td>
          <td class="number">${change.from ? duration(change.durationMillis) : ''}</td>
          <td>${change.cause}</td></tr>`)}
      </table></div>`;
  }

  #reconcile(resource) {
    return html`
      <h2>${words.reconcile}</h2>
      <div class="card">${(resource.reconcile ?? []).length ? resource.reconcile.map(progress => html`
        <p><b>${progress.scenario}</b> · ${words.requests(progress.attempts)}
          ${progress.lastOutcome ? html` · ${words.lastOutcome}: ${progress.lastOutcome}` : ''}
          <span class="faint">· ${progress.nextInMillis
            ? `${words.next} ${duration(progress.nextInMillis)}` : words.underWay}</span></p>`)
        : html`<p>${(resource.scenarios ?? []).length ? '…' : words.noScenario}</p>`}</div>`;
  }

  drawn() {
    if (this.#detail) {
      this.#pictures?.draw(this.#detail, this.#lanes);
    }
  }

  close() {
    this.name = '';
    this.#pictures?.close();
    this.#pictures = null;
  }
}
