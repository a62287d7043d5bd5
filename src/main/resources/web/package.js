// One package: its state and cause, what it follows from as a graph, who is asked to mend it, and its past.
import { html } from './lib/lit-html/lit-html.js';
import { tree } from './causes.js';
import { ask } from './live.js';
import { sign } from './states.js';
import { ago, clock, duration, shown, stateWord, words } from './words.js';

const MODEL_LANES = 12;
const WAIT = 150; // Changes often come in flocks.
const AGAIN = 5_000; // Containers, and requests to ActionController, go on without any state's changing.

const narrow = matchMedia('(max-width: 900px)'); // The graph needs more.

export class PackagePage {
  name = '';
  #visit = null; // What belongs to this page alone, not to the one that was open before.
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

  // Something has changed: if it concerns this package, it is asked for anew.
  hear(change) {
    const concerned = !change || !this.#detail || change.name === this.name
      || this.#detail?.resource.models?.includes(change.name)
      || this.#detail?.resource.scenarios?.includes(change.name);
    if (concerned && this.#visit && !this.#visit.dirty) {
      this.#visit.dirty = true;
      this.#loadIn(WAIT);
    }
  }

  #loadIn(millis) {
    clearTimeout(this.#visit.timer);
    this.#visit.timer = setTimeout(() => this.#load(), millis);
  }

  // One answer after the other: what is heard while one is under way is asked for behind it.
  async #load() {
    const visit = this.#visit;
    if (visit.loading) {
      return;
    }
    visit.dirty = false;
    // A page that nobody sees hears of something as soon as it is seen again.
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
      // The connection is away: the page says so, and what was known stays.
    }
    visit.loading = false;
    if (visit === this.#visit) {
      this.#loadIn(visit.dirty ? WAIT : AGAIN);
    }
  }

  // The package's history and those of its first models; what has not changed is not asked for again.
  #past(detail) {
    const known = new Map(this.#lanes.map(lane => [lane.key, lane]));
    const lane = ({ name, generation, since }, { history = [], historyUnavailable } = {}) =>
      ({ key: historyUnavailable ? null : `${name} ${generation} ${since}`, name, history });
    const models = (detail.models ?? []).slice(0, MODEL_LANES);
    return Promise.all([lane(detail.resource, detail), ...models.map(async model => known.get(lane(model).key)
      ?? lane(model, await ask(`/api/v1/models/${encodeURIComponent(model.name)}`) ?? {}))]);
  }

  view() {
    if (this.#missing) {
      return html`<p><a href="#/">← ${words.back}</a></p><p class="empty">${words.unknown(shown(this.name))}</p>`;
    }
    if (!this.#detail) {
      return html`<p><a href="#/">← ${words.back}</a></p>`;
    }
    const { resource, history = [], historyUnavailable } = this.#detail;
    return html`
      <p><a href="#/">← ${words.back}</a></p>
      <div class="title" data-state=${resource.state ?? ''}>
        <strong>${shown(resource.name)}</strong>
        <span class="state" data-sign=${sign(resource.state)}>${stateWord(resource.state)}</span>
        ${resource.since ? html`<span class="faint">${ago(resource.since)}
          · ${words.since} ${clock(resource.since)}</span>` : ''}
        <p>${shown(resource.cause)} ${resource.source && resource.source !== 'statemanager'
          ? html`<span class="faint">${words.by} ${shown(resource.source)}</span>` : ''}</p>
      </div>
      ${resource.artifactBroken ? html`
        <h2>⚠</h2><div class="card warning">
          ${resource.lastGoodInForce ? words.lastGoodInForce : words.artifactBroken} ${shown(resource.artifactBroken)}</div>` : ''}
      ${resource.state === 'Error' || resource.reconcile ? this.#reconcile(resource) : ''}
      <h2>${words.causes}</h2>
      <div class="card">${narrow.matches ? tree(this.#detail)
        : html`<div class="graph" role="img" aria-label=${words.causes}></div>`}</div>
      ${historyUnavailable ? html`
        <h2>${words.history}</h2>
        <div class="card warning">${words.historyUnavailable(shown(historyUnavailable))}</div>` : html`
        <h2>${words.timeline}</h2>
        <div class="card"><div class="timeline" role="img" aria-label=${words.timeline}></div></div>
        <h2>${words.history}</h2>
        <div class="card"><table>
          <tr><th>${words.time}</th><th>${words.change}</th><th>${words.after}</th><th>${words.cause}</th></tr>
          ${history.slice(0, 30).map(change => html`<tr>
            <td class="time">${clock(change.time)}</td>
            <td><span class="state" data-state=${change.to}
              data-sign=${sign(change.to)}>${stateWord(change.to)}</span></td>
            <td class="number">${change.from ? duration(change.durationMillis) : ''}</td>
            <td>${shown(change.cause)}</td></tr>`)}
        </table></div>`}`;
  }

  #reconcile(resource) {
    return html`
      <h2>${words.reconcile}</h2>
      <div class="card">${(resource.reconcile ?? []).length ? resource.reconcile.map(progress => html`
        <p><b>${shown(progress.scenario)}</b> · ${words.requests(progress.attempts)}
          ${progress.lastOutcome ? html` · ${words.lastOutcome}: ${shown(progress.lastOutcome)}` : ''}
          <span class="faint">· ${this.#next(progress)}</span></p>`)
        : html`<p>${(resource.scenarios ?? []).length ? '…' : words.noScenario}</p>`}</div>`;
  }

  #next({ nextInMillis }) {
    const seconds = Math.ceil((this.#asked + nextInMillis - Date.now()) / 1_000);
    return nextInMillis && seconds > 0 ? `${words.next} ${duration(seconds * 1_000)}` : words.underWay;
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
