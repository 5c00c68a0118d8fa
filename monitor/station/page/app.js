// Wires the page: one store, one clock, and the views that the address names.

import { createActs } from "./acts.js";
import { createClock } from "./clock.js";
import { element, remember, remembered, setAttribute, setText } from "./dom.js";
import { createStore } from "./stream.js";
import { words } from "./words.js";

const clock = createClock();
const store = createStore(clock);
const acts = createActs({ store, clock, words: words.acts });
const shared = { store, acts, words, clock };

const place = (id) => document.getElementById(id);

// The frame is what must never fail: each part is loaded by itself, so that a broken one leaves
// the others calling.
const PARTS = {
  header: "./header.js", grid: "./grid.js", feed: "./feed.js",
};
const VIEWS = {
  bed: "./chair.js", handover: "./handover.js", events: "./events.js", settings: "./settings.js",
};

// Returns {name, bed} of an address: #/ , #/bed/17, #/handover, #/events, #/settings.
export function routeOf(hash) {
  const [, name = "", bed = ""] = hash.split("/");
  if (name === "bed" && bed) return { name, bed: decodeURIComponent(bed) };
  return { name: name !== "bed" && name in VIEWS ? name : "", bed: "" };
}

let open = { key: "", view: null };

async function show() {
  const { name, bed } = routeOf(location.hash);
  const key = `${name}/${bed}`;
  if (open.key === key) return;
  open.view?.unmount();
  open = { key, view: null };
  document.body.dataset.route = name || "grid";
  const isView = name !== "" && name !== "bed";
  place("grid").hidden = isView;
  place("view").hidden = !isView;
  place("chair").hidden = name !== "bed";
  for (const one of ["view", "chair"]) place(one).replaceChildren();
  if (!name) return;
  const root = place(isView ? "view" : "chair");
  root.append(element("p", { class: "muted" }, words.app.loading));
  try {
    const module = await import(VIEWS[name]);
    if (open.key !== key) return;
    root.replaceChildren();
    open.view = module.mount(root, { ...shared, bed });
  } catch (error) {
    if (open.key !== key) return;
    root.replaceChildren(element("p", { class: "wrong", role: "note" }, words.app.viewFailed));
    console.error(error);
  }
}

const parts = [];

async function mountPart(id, path) {
  try {
    const module = await import(path);
    parts.push(module.mount(place(id), shared));
  } catch (error) {
    console.error(error);
  }
}

// Drawn once a frame, however many events came; a hidden page is drawn by the second hand.
let isAsked = false;
function draw() {
  isAsked = false;
  for (const part of parts) part.update();
  open.view?.update();
}
function ask() {
  if (isAsked || document.hidden) return;
  isAsked = true;
  requestAnimationFrame(draw);
}

function applyTheme() {
  const chosen = remembered("theme");
  const isLight = matchMedia("(prefers-color-scheme: light)").matches;
  document.documentElement.dataset.theme = chosen || (isLight ? "light" : "dark");
}

function drawStrip() {
  const said = store.state.condition;
  const strip = place("strip");
  if (!said) strip.replaceChildren();
  else if (strip.textContent !== said) strip.replaceChildren(element("p", {}, said));
}

async function start() {
  applyTheme();
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", applyTheme);
  addEventListener("irm-theme", (event) => {
    remember("theme", event.detail);
    applyTheme();
  });
  setAttribute(place("main"), "aria-label", words.app.main);
  setText(document.querySelector("title"), words.app.title);
  await Promise.all(Object.entries(PARTS).map(([id, path]) => mountPart(id, path)));
  parts.push({ update: drawStrip });
  store.subscribe(ask);
  acts.subscribe(ask);
  clock.onSecond(() => (document.hidden ? draw() : ask()));
  addEventListener("hashchange", show);
  store.open();
  await Promise.all([acts.refresh(), show()]);
  ask();
}

start();
