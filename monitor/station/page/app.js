// Wires the page: one store, one clock, and the views that the address names.

import { createActs } from "./acts.js";
import { createClock } from "./clock.js";
import { element, remember, remembered } from "./dom.js";
import * as feed from "./feed.js";
import * as grid from "./grid.js";
import * as header from "./header.js";
import { createFocus, createKeys } from "./keys.js";
import { createSpeech } from "./speech.js";
import { createStore } from "./stream.js";
import { createTones } from "./tones.js";
import { words } from "./words.js";

const clock = createClock();
const store = createStore(clock);
const acts = createActs({ store, words: words.acts });
const shared = { store, acts, words, clock };

const place = (id) => document.getElementById(id);

// Views are loaded when they are asked for: what calls must not wait for them, nor fail with them.
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
// What may wait for the next beat; a heartbeat and a status that says nothing new wait for the second hand.
const CALM = { v: true, bed: true, hb: true, status: true, screens: true };

// Drawn once a frame, however many events came; a hidden page is drawn by the second hand.
let isAsked = false;
function draw() {
  isAsked = false;
  for (const part of [...parts, open.view]) {
    try {
      part?.update();
    } catch (error) {
      // One part that fails must not keep the others from calling.
      console.error(error);
    }
  }
}
function ask() {
  if (isAsked || document.hidden) return;
  isAsked = true;
  requestAnimationFrame(draw);
}

// Numbers touch only the tiles they belong to, and the chair if it is theirs. They are drawn with the
// beat of the flash: a frame costs more than what changes in it.
const touched = new Set();
function drawTouched() {
  const beds = [...touched];
  touched.clear();
  if (isAsked) return;
  const isKnown = parts.every((part) => part.renew?.(beds) ?? true);
  if (!isKnown) draw();
  else if (beds.some((bed) => open.key === `bed/${bed}`)) open.view?.update();
}

function onBeat() {
  if (touched.size && !document.hidden) requestAnimationFrame(drawTouched);
}

let condition = "";
function changed({ kind, bed, beds }) {
  // Whatever is heard uncovers a page that had covered its numbers.
  const isCovered = document.body.classList.contains("covered");
  const isOther = store.state.condition !== condition;
  condition = store.state.condition;
  if (isCovered || isOther || !(kind in CALM)) ask();
  else for (const one of beds ?? [bed]) if (one) touched.add(one);
  if (kind === "v") clock.numbersCame();
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

function mountParts() {
  const speech = createSpeech({
    store, clock, alertRegion: place("say-alert"), statusRegion: place("say-status"),
  });
  const tones = createTones({ store, clock });
  const focus = createFocus();
  const tiles = grid.mount(place("grid"), { ...shared, tones, focus });
  const rows = feed.mount(place("feed"), { ...shared, ask, focus });
  const bar = {};
  const keys = createKeys({ store, acts, speech, grid: tiles, header: bar, openBed: grid.openBed });
  Object.assign(bar, header.mount(place("header"), { ...shared, tones, keys }));
  acts.onNobody(bar.askWho);
  tones.subscribe(ask);
  parts.push(bar, tiles, rows, { update: drawStrip });
}

function start() {
  applyTheme();
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", applyTheme);
  addEventListener("irm-theme", (event) => {
    remember("theme", event.detail);
    applyTheme();
    ask();
  });
  document.title = words.app.title;
  place("main").setAttribute("aria-label", words.app.main);
  place("chair").setAttribute("aria-label", words.app.openBed);
  mountParts();
  store.subscribe(changed);
  acts.subscribe(ask);
  clock.onSecond(() => (document.hidden ? draw() : ask()));
  clock.onBeat(onBeat);
  addEventListener("hashchange", () => {
    show();
    ask();
  });
  store.open();
  acts.refresh();
  show();
  ask();
}

start();
