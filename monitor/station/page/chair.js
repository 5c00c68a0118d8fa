// One infusion chair: who sits there and what runs, the numbers, the timeline, the clocks, the steps,
// and everything that is recorded.

import { element, mark, setAttribute, setText } from "./dom.js";
import * as chart from "./chart.js";
import * as ladder from "./ladder.js";
import * as note from "./note.js";
import * as numbers from "./numbers.js";
import * as record from "./record.js";
import * as session from "./session.js";
import * as strip from "./strip.js";
import * as symptoms from "./symptoms.js";
import * as timers from "./timers.js";
import * as vitals from "./vitals.js";
import * as why from "./why.js";

// Side by side where there is room; otherwise the style sheet puts the steps before the timeline.
const COLUMNS = [
  [["now", [numbers, strip]], ["chart", [chart]]],
  [["steps", [ladder, timers]], ["taps", [symptoms, vitals, record]]],
  [["rest", [why, note, session]]],
];

export function mount(root, context) {
  const { store, acts, words, bed } = context;
  const said = words.chair;
  const head = headOf(bed, said);
  const node = element("article", { class: "chair", "aria-label": said.bed(bed) }, head.node);
  root.append(node);
  const parts = [];
  for (const groups of COLUMNS) {
    const column = element("div", { class: "chair-column" });
    node.append(column);
    for (const [name, modules] of groups) {
      const place = element("div", { class: `chair-group group-${name}` });
      column.append(place);
      for (const one of modules) parts.push(started(one, place, context));
    }
  }

  function update() {
    showHead(head, store.state, { acts, said, words, bed });
    showSilence(head.unheard, context);
    for (const part of parts) part.update();
  }

  update();
  return { update, unmount() { for (const part of parts) part.unmount(); node.remove(); } };
}

// A part that fails says so and leaves the others working.
function started(module, place, context) {
  try {
    return module.mount(place, context);
  } catch (error) {
    console.error(error);
    place.append(element("p", { class: "wrong" }, context.words.chair.partFailed));
    return { update() {}, unmount() {} };
  }
}

function headOf(bed, said) {
  const parts = {
    who: element("span", { class: "chair-who" }),
    badge: element("span", { class: "badge" }),
    what: element("p", { class: "chair-what" }),
    facts: element("p", { class: "chair-facts" }),
    proposals: element("ul", { class: "plain proposals" }),
    unheard: element("p", { class: "unheard", hidden: true }),
    viewing: element("p", { class: "warned", hidden: true }),
  };
  const title = element("h2", { tabindex: "-1" }, said.bed(bed), " ", parts.who);
  const back = element("a", { href: "#/", class: "button back" }, said.back);
  parts.node = element("header", { class: "chair-head" },
    element("div", { class: "row-of" }, back, title, parts.badge), parts.unheard, parts.what, parts.facts, parts.proposals, parts.viewing);
  return parts;
}

function showHead(head, state, { acts, said, words, bed }) {
  const shown = state.beds.get(bed)?.state;
  setText(head.who, shown ? shown.subject : said.unheard);
  const product = state.hello?.vocabulary?.products?.find((one) => one.key === shown?.product)?.words ?? shown?.product ?? "";
  setText(head.what, shown?.session ? said.what(shown, product) : said.noSession);
  setText(head.facts, shown?.session ? said.facts(shown, product, words.tile.phases[shown.phase] ?? shown.phase) : "");
  const worst = worstOf(state, bed);
  const words_of = said.badge(shown, worst);
  if (head.badge.dataset.said !== words_of) {
    head.badge.dataset.said = words_of;
    const kind = worst ? (worst.kind === "technical" ? "technical" : worst.priority) : "";
    head.badge.replaceChildren(...(kind ? [mark(kind), ` ${words_of}`] : [words_of]));
    head.badge.className = kind ? `badge filled-${kind}` : "badge";
  }
  const proposals = (shown?.proposals ?? []).map((one) => said.proposal(one));
  if (head.proposals.textContent !== proposals.join("")) head.proposals.replaceChildren(...proposals.map((one) => element("li", {}, one)));
  setAttribute(head.viewing, "hidden", acts.may?.("act") ?? true);
  setText(head.viewing, said.viewing);
}

// Says why the numbers are gone, as the wall does.
function showSilence(node, { store, clock, words }) {
  const isStale = clock.isStale();
  setAttribute(node, "hidden", !isStale && !store.state.condition);
  const why = isStale ? (clock.isKnown() ? words.grid.covered(clock.silentMs()) : words.grid.coveredNever) : store.state.condition;
  setText(node, `${why}. ${words.grid.coveredWhy}`);
}

const RANK = { high: 0, medium: 1, low: 2, info: 3 };

function worstOf(state, bed) {
  const open = [...state.alerts.values()].filter((one) => one.bed === bed && one.state !== "ended");
  const key = (one) => (one.kind === "technical" ? 10 : 0) + (RANK[one.priority] ?? 4);
  return open.sort((one, other) => key(one) - key(other))[0] ?? null;
}
