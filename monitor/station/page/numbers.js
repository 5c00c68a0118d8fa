// The five numbers: value, age where it is a single measurement, distance from the baseline, and in
// words what a rule says about it.

import { element, setAttribute, setText } from "./dom.js";
import { SPOT_MS } from "./timeline.js";

const CARDS = [["hr"], ["sbp", "dbp", "map"], ["spo2"], ["rr"], ["temp"]];
const PLACES = { temp: 1 };
const AGED_MS = 30_000;

export function mount(root, { store, words, clock, bed }) {
  const said = words.numbers;
  const cards = CARDS.map((names) => cardOf(names, said));
  const list = element("div", { class: "numbers", role: "group", "aria-label": said.title }, cards.map((card) => card.node));
  root.append(list);

  function update() {
    const entry = store.state.beds.get(bed);
    const rows = rowsOf(store.state, bed);
    // What nobody confirms any more is no number: a frozen one would be believed.
    const isHeard = !clock.isStale() && !store.state.condition;
    setAttribute(list, "data-unheard", !isHeard);
    for (const card of cards) show(card, isHeard ? entry : null, isHeard ? rows : [], { said, clock });
  }

  update();
  return { update, unmount: () => list.remove() };
}

function cardOf(names, said) {
  const parts = {
    value: element("span", { class: "number-value" }),
    age: element("span", { class: "number-age" }),
    delta: element("span", { class: "number-delta" }),
    rule: element("span", { class: "number-rule" }),
  };
  const node = element("div", { class: `number number-${names[0]}` },
    element("span", { class: "number-name" }, said.names[names[0]], " ", element("small", {}, said.units[names[0]])),
    parts.value, parts.age, parts.delta, parts.rule);
  return { names, node, ...parts };
}

function show(card, entry, rows, { said, clock }) {
  const [lead, low, mean] = card.names;
  const channel = entry?.channels.get(lead);
  const isThere = channel && channel.v !== null && channel.v !== undefined;
  // What the monitor no longer holds for current is gone, as on the tile; what it was is said small.
  setText(card.value, isThere && !channel.stale ? valueWords(entry, card.names) : said.none);
  const age = isThere && channel.t !== null ? Math.max(0, clock.now() - channel.t) : null;
  // The age is said where a number is no running one: a cuff, a thermometer, or one grown old.
  const isSpot = age !== null && (age > AGED_MS || (channel.everyMs ?? 0) > SPOT_MS);
  const mean_v = mean ? entry?.channels.get(mean)?.v : null;
  const remarks = [
    !isThere ? said.noValue : channel.stale ? said.stale(valueWords(entry, card.names), age) : isSpot ? said.age(age) : "",
    isThere && !channel.stale && low && mean_v !== null && mean_v !== undefined ? said.mean(mean_v) : "",
    channel?.doubt ? said.doubt(channel.doubt, channel.raw) : "",
  ];
  setText(card.age, remarks.filter(Boolean).join(" \u00b7 "));
  setText(card.delta, isThere && !channel.stale ? deltaWords(channel, lead, said) : "");
  // The gravest rule speaks; how many more there are is said, and the why-card has them all.
  const because = rows.filter((row) => card.names.includes(row.ch)).sort((one, other) => (other.grade ?? 0) - (one.grade ?? 0));
  setText(card.rule, because.length ? said.rule(because[0].words, because.length - 1) : "");
  setAttribute(card.node, "data-stale", isThere ? Boolean(channel.stale) : null);
  setAttribute(card.node, "data-rule", because.length > 0);
}

function valueWords(entry, names) {
  const shown = (name) => {
    const value = entry.channels.get(name)?.v;
    return value === null || value === undefined ? "?" : value.toFixed(PLACES[name] ?? 0);
  };
  return names[0] === "sbp" ? `${shown("sbp")}/${shown("dbp")}` : shown(names[0]);
}

// The delta says direction by an arrow and a sign, never by colour alone.
function deltaWords(channel, name, said) {
  if (channel.base === null || channel.base === undefined) return said.noBaseline;
  const places = PLACES[name] ?? 0;
  const delta = Number((channel.v - channel.base).toFixed(places));
  const base = Number(channel.base.toFixed(places));
  if (delta === 0) return said.atBaseline(base);
  const percent = name === "temp" || name === "spo2" || base === 0 ? null : Math.round((delta / base) * 100);
  return said.delta(delta, percent, base);
}

// Returns the rows that decide an open alert of this bed.
export function rowsOf(state, bed) {
  const rows = [];
  for (const alert of state.alerts.values()) {
    if (alert.bed === bed && alert.state !== "ended") rows.push(...(alert.because ?? []));
  }
  return rows;
}
