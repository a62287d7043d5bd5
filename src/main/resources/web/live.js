// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

// All packages, kept up to date by the stream of events.
import { Refresh } from './refresh.js';

const SILENCE = 30_000; // The server sends an event at least every ten seconds.
const RETRY = 2_000;

export class Live extends EventTarget {
  packages = new Map();
  connection = 'connecting';
  storeAway = null; // Since when and why the store does not work; null while it works. The shown states are from that time.
  refusal = null; // The reason that the server gave for not answering; null if it gave none.
  refresh = new Refresh(name => this.#ask(name));
  #naming = new Map(); // For each model, the names of the packages that name it.
  #stream = null;
  #timer = 0;
  #attempt = 0;

  // Loads all packages, then follows the changes.
  async start() {
    this.#end();
    const attempt = this.#attempt;
    try {
      const { eventId, items } = await ask('/api/v1/packages');
      if (attempt === this.#attempt) {
        this.packages.clear();
        this.#naming.clear();
        for (const item of items) {
          this.#know(item);
        }
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

  // Stops while the page is hidden. A browser has only six connections to a host, so a hidden page must not hold one.
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
    const on = (type, action) =>
      stream.addEventListener(type, event => {
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
        // The browser has reconnected. Recovery events in between are lost, so everything is loaded again.
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
      // A browser reconnects by itself, except after an error response.
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
      for (const name of this.#naming.get(change.name) ?? []) {
        this.#refreshIfDead(name);
      }
    }
    this.#tell('change', change);
  }

  #know(item) {
    this.packages.set(item.name, item);
    for (const model of item.models ?? []) {
      this.#naming.set(model, (this.#naming.get(model) ?? new Set()).add(item.name));
    }
  }

  // The cause of a change names one model. The current cause, which names all dead models, must be requested.
  #refreshIfDead(name) {
    if (isDead(this.packages.get(name)?.state)) {
      this.refresh.add(name);
    }
  }

  async #ask(name) {
    const attempt = this.#attempt;
    try {
      const {
        items: [item],
      } = await ask(`/api/v1/packages?name=${encodeURIComponent(name)}`);
      // The stream may have sent a newer state in between, or the end of the package.
      const known = this.packages.get(name);
      if (attempt === this.#attempt && item && item.generation >= known?.generation) {
        // The entry is changed in place, so that its row is drawn again without sorting the list.
        const left = { reconcile: undefined, artifactBroken: undefined, lastGoodInForce: undefined };
        this.#know(Object.assign(known, left, item));
        this.#tell('entry');
      }
    } catch {
      // The connection is lost. Everything is loaded again after it returns.
    }
  }

  // Updates the number of reconcile requests and the last result, which the list shows.
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
