// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

// The dashboard. Live receives the data, one of two views turns it into HTML, and the page is drawn at most once a frame.
import { html, render } from './lib/lit-html/lit-html.js';
import { Live } from './live.js';
import { Overview } from './overview.js';
import { PackagePage } from './package.js';
import { element } from './states.js';
import { language, shown as printable, texts, time } from './texts.js';

const SORT_AGAIN = 250;
const TICK = 1_000;

const live = new Live();
const overview = new Overview(live, draw);
const onePackage = new PackagePage(draw);

let due = false;
let shown = null; // The time of the first drawing, for DashboardFigures.
let sorting = 0;
const afterwards = [];

// Draws the page with the next frame of the browser, and then calls the function.
function draw(then) {
  if (typeof then === 'function') {
    afterwards.push(then);
  }
  if (!due) {
    due = true;
    requestAnimationFrame(() => {
      due = false;
      const trouble = troubleOf(live);
      const page = onePackage.name ? onePackage : overview;
      render(
        html`
        <header>
          <a href="#/"><img src="icon.svg" alt=""><h1>${texts.title}</h1></a>
          ${
            trouble
              ? html`<p class="banner" role="alert">${trouble}</p>`
              : html`<span class="connection ${live.connection}" role="status">${texts[live.connection]}</span>`
          }
        </header>
        <main class=${live.connection === 'away' ? 'stale' : ''}>${page.view()}</main>`,
        document.body,
      );
      page.drawn();
      if (!shown && live.connection === 'live') {
        shown = performance.mark('shown');
      }
      for (const action of afterwards.splice(0)) {
        action();
      }
    });
  }
}

// The reason why the shown states are outdated although the server answers; empty otherwise.
function troubleOf({ connection, storeAway, refusal }) {
  if (connection === 'live' && storeAway) {
    return texts.storeAway(time(storeAway.since), printable(storeAway.reason));
  }
  return connection === 'away' && refusal ? texts.notRead(printable(refusal)) : '';
}

function go() {
  const [path, query] = location.hash.slice(1).split('?');
  const name = /^\/packages\/(.+)$/.exec(path)?.[1];
  if (name) {
    onePackage.open(decodeURIComponent(name));
    scrollTo(0, 0);
  } else {
    onePackage.close();
    const wanted = new URLSearchParams(query);
    overview.state = wanted.get('state') ?? '';
    overview.text = wanted.get('text') ?? '';
    overview.update();
  }
  document.title = onePackage.name ? `${printable(onePackage.name)} · ${texts.title}` : texts.title;
  draw();
}

live.addEventListener('connection', draw);
live.addEventListener('entry', draw);
live.addEventListener('change', (/** @type {CustomEvent} */ { detail }) => {
  onePackage.hear(detail);
  if (detail && detail.kind !== 'package') {
    return;
  }
  // The first change is shown at once. During many changes, the list is sorted four times a second.
  if (!sorting) {
    overview.update();
    draw();
    sorting = setTimeout(() => {
      sorting = 0;
      overview.update();
      draw();
    }, SORT_AGAIN);
  }
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    live.stop();
  } else {
    live.start();
  }
});
addEventListener('hashchange', go);
addEventListener('resize', draw);
addEventListener('keydown', event => {
  const typing = /** @type {Element} */ (event.target).matches('input');
  if (event.key === '/' && !typing) {
    event.preventDefault();
    element('.search input')?.focus();
  } else if (event.key === 'Escape' && onePackage.name) {
    location.hash = '#/';
  } else if (event.key === 'ArrowDown' && typing) {
    event.preventDefault();
    element('.row')?.focus();
  }
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  if (onePackage.name) {
    onePackage.open(onePackage.name);
  }
  draw();
});
setInterval(draw, TICK);

document.documentElement.lang = language;
go();
if (!document.hidden) {
  live.start();
}
