// Why a package is dead changes with its models, also while its state does not: its entry is then asked for anew. One at a
// time, a few a second and those first that are seen: ten thousand packages may change at once.
const PACE = 250;

export class Refresh {
  seen = new Set(); // Names of packages.
  #due = new Set();
  #timer = 0;
  #ask;

  // What is given asks for a package of a name, and never fails.
  constructor(ask) {
    this.#ask = ask;
  }

  add(name) {
    this.#due.add(name);
    this.#timer ||= setTimeout(() => this.#next(), PACE);
  }

  async #next() {
    const due = this.#due;
    const names = [...due];
    const name = names.find(one => this.seen.has(one)) ?? names[0];
    due.delete(name);
    await this.#ask(name);
    if (due === this.#due) {
      this.#timer = due.size ? setTimeout(() => this.#next(), PACE) : 0;
    }
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#due = new Set();
  }
}
