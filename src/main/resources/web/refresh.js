// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

// The cause of a dead package can change while its state does not, so its entry is requested again. Ten thousand packages may
// change at once. So requests are sent one at a time, at most four a second, and visible packages come first.
const PACE = 250;

export class Refresh {
  seen = new Set(); // The names of the visible packages.
  #due = new Set();
  #timer = 0;
  #ask;

  // The function requests the package of a name. It never fails.
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
