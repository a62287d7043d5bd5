// The dashboard. What the server says comes into Live, goes through one of two views, and is drawn, at most once a frame.
import { html, render } from './lib/lit-html/lit-html.js';
import { Live } from './live.js';
import { Overview } from './overview.js';
import { PackagePage } from './package.js';
import { language, shown as printable, time, words } from './words.js';

const SORT_AGAIN = 250;
const TICK = 1_000;

const live = new Live();
const overview = new Overview(live, draw);
const onePackage = new PackagePage(draw);

let due = false;
let shown = null; // For whoever measures how long the page takes.
let sorting = 0;
const afterwards = [];

// As soon as the browser draws the next time.
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
      render(html`
        <header>
          <a href="#/"><img src="icon.svg" alt=""><h1>${words.title}</h1></a>
          ${trouble ? html`<p class="banner" role="alert">${trouble}</p>`
            : html`<span class="connection ${live.connection}" role="status">${words[live.connection]}</span>`}
        </header>
        <main class=${live.connection === 'away' ? 'stale' : ''}>${page.view()}</main>`, document.body);
      page.drawn();
      if (!shown && live.connection === 'live') {
        shown = performance.mark('shown');
      }
      afterwards.splice(0).forEach(action => action());
    });
  }
}

// Why what is shown is old although the server answers; empty if it is not, or if the server does not answer.
function troubleOf({ connection, storeAway, refusal }) {
  if (connection === 'live' && storeAway) {
    return words.storeAway(time(storeAway.since), printable(storeAway.reason));
  }
  return connection === 'away' && refusal ? words.notRead(printable(refusal)) : '';
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
  document.title = onePackage.name ? `${printable(onePackage.name)} · ${words.title}` : words.title;
  draw();
}

live.addEventListener('connection', draw);
live.addEventListener('entry', draw);
live.addEventListener('change', ({ detail }) => {
  onePackage.hear(detail);
  if (detail && detail.kind !== 'package') {
    return;
  }
  // The first change shows at once; of many, not each is worth sorting all.
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
  const typing = event.target.matches('input');
  if (event.key === '/' && !typing) {
    event.preventDefault();
    document.querySelector('.search input')?.focus();
  } else if (event.key === 'Escape' && onePackage.name) {
    location.hash = '#/';
  } else if (event.key === 'ArrowDown' && typing) {
    event.preventDefault();
    document.querySelector('.row')?.focus();
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
