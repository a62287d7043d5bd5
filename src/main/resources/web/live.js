// What the server says: all packages, kept up to date by the stream of events.
import { Refresh } from './refresh.js';

const SILENCE = 30_000; // The server shows at least every ten seconds that it lives.
const RETRY = 2_000;

export class Live extends EventTarget {
  packages = new Map();
  connection = 'connecting';
  storeAway = null; // Since when the server is without its store, and why, if it is: nothing newer than that is shown.
  refusal = null; // Why the server gives no answer, in its words, if it says so.
  refresh = new Refresh(name => this.#ask(name));
  #naming = new Map(); // The names of the packages that name a model.
  #stream = null;
  #timer = 0;
  #attempt = 0;

  // Asks for everything, then follows the changes.
  async start() {
    this.#end();
    const attempt = this.#attempt;
    try {
      const { eventId, items } = await ask('/api/v1/packages');
      if (attempt === this.#attempt) {
        this.packages.clear();
        this.#naming.clear();
        items.forEach(item => this.#know(item));
        this.#follow(eventId);
        this.#tell('change', null);
      }
    } catch (failure) {
      if (attempt === this.#attempt) {
        this.#again(RETRY);
        this.#away(failure.detail);
      }
    }
  }

  // A browser has but six connections to a host: a page that nobody sees must not hold one. What it shows gets old.
  stop() {
    this.#end();
    this.connection = 'connecting';
    this.#tell('connection');
  }

  #end() {
    this.#attempt++;
    clearTimeout(this.#timer);
    this.refresh.clear();
    this.#stream?.close();
    this.#stream = null;
  }

  #again(millis) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#away(this.refusal);
      this.start();
    }, millis);
  }

  #follow(eventId) {
    const stream = new EventSource(`/api/v1/events?after=${eventId}`);
    this.#stream = stream;
    const on = (type, action) => stream.addEventListener(type, event => {
      this.#again(SILENCE);
      action?.(JSON.parse(event.data));
    });
    on('store', ({ ready, since, reason }) => {
      this.storeAway = ready ? null : { since, reason };
      this.#tell('connection');
    });
    let ready = false;
    on('ready', () => {
      if (ready) {
        // The browser has reconnected. Steps of recovery that were taken meanwhile are not kept.
        this.start();
        return;
      }
      ready = true;
      this.refusal = null;
      this.connection = 'live';
      this.#tell('connection');
    });
    on('alive');
    on('change', change => this.#change(change));
    on('recovery', recovery => this.#recovery(recovery));
    on('lost', () => this.start());
    stream.onerror = () => {
      this.#away();
      // A browser tries again by itself, but not where the answer was an error.
      if (stream.readyState === EventSource.CLOSED && stream === this.#stream) {
        this.#again(RETRY);
      }
    };
  }

  #away(refusal = null) {
    this.refusal = refusal;
    this.connection = 'away';
    this.#tell('connection');
  }

  #change(change) {
    if (change.kind === 'package') {
      const { name, to, time, cause, source, generation } = change;
      if (to) {
        const known = this.packages.get(name) ?? { kind: 'package', name };
        const reconcile = isDead(to) ? known.reconcile : undefined;
        this.packages.set(name, { ...known, state: to, since: time, cause, source, generation, reconcile });
      } else {
        this.packages.delete(name);
      }
      this.#refreshIfDead(name);
    } else if (change.kind === 'model') {
      this.#naming.get(change.name)?.forEach(name => this.#refreshIfDead(name));
    }
    this.#tell('change', change);
  }

  #know(item) {
    this.packages.set(item.name, item);
    item.models?.forEach(model =>
      this.#naming.set(model, (this.#naming.get(model) ?? new Set()).add(item.name)));
  }

  // A change tells of the model that made it; the present cause tells of all that are dead now.
  #refreshIfDead(name) {
    if (isDead(this.packages.get(name)?.state)) {
      this.refresh.add(name);
    }
  }

  async #ask(name) {
    const attempt = this.#attempt;
    try {
      const { items: [item] } = await ask(`/api/v1/packages?name=${encodeURIComponent(name)}`);
      // The stream may have told of something newer meanwhile, the package's end included.
      const known = this.packages.get(name);
      if (attempt === this.#attempt && item && item.generation >= known?.generation) {
        // In its place: the row is drawn anew, and nothing is sorted for it.
        const left = { reconcile: undefined, artifactBroken: undefined, lastGoodInForce: undefined };
        this.#know(Object.assign(known, left, item));
        this.#tell('entry');
      }
    } catch {
      // The connection is away: everything is asked for when it is back.
    }
  }

  // The list shows how often ActionController was asked, and what it said last.
  #recovery({ package: name, scenario, step, detail }) {
    const known = this.packages.get(name);
    if (known && step === 'recovered') {
      this.packages.set(name, { ...known, reconcile: undefined });
    } else if (known && scenario) {
      const others = (known.reconcile ?? []).filter(progress => progress.scenario !== scenario);
      const before = (known.reconcile ?? []).find(progress => progress.scenario === scenario);
      const attempts = (before?.attempts ?? 0) + (step === 'requested' ? 1 : 0);
      const lastOutcome = step === 'requested' ? before?.lastOutcome : detail;
      this.packages.set(name, { ...known, reconcile: [...others, { scenario, attempts, lastOutcome }] });
    }
    this.#tell('change', { kind: 'package', name });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

const isDead = state => state === 'Error' || state === 'Degraded';

export async function ask(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(20_000) });
  if (response.status === 404) {
    return null;
  }
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw Object.assign(new Error(`${path}: ${response.status}`), { detail: problem.detail });
  }
  return response.json();
}
