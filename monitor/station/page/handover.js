// The hand-over sheet: every bed with what the next shift must know, made to be printed.

import { get } from "./acts.js";
import { button, element, setText } from "./dom.js";
import { nothing } from "./forms.js";
import { stampMs } from "./clock.js";
import { dayAndTime, typeset } from "./words_numbers.js";

const PARTS = ["alerts", "snoozes", "steps", "untold", "why", "episodes_12h", "due"];

export function mount(root, { store, words }) {
  const said = words.handover;
  const place = element("div", { class: "sheet" });
  const told = element("p", { class: "outcome" });
  const made = element("p", { class: "muted" });
  const node = element("article", { class: "panel handover", "aria-label": said.title },
    element("div", { class: "row-of" }, element("a", { href: "#/", class: "button" }, words.chair.back),
      element("h2", {}, said.title), button(said.refresh, load), button(said.print, () => window.print(), { class: "button main" })),
    made, told, place, element("p", { class: "sign" }, said.sign), element("p", { class: "muted notice" }, said.notice(store.state.hello)));
  root.append(node);
  let isGone = false;

  async function load() {
    setText(told, said.loading);
    const { status, body } = await get("/api/v1/handover");
    if (isGone) return;
    setText(told, status === 200 ? "" : said.failed);
    if (status !== 200) return;
    setText(made, said.made(dayAndTime(stampMs(body.t ?? body.now_ms) ?? store.state.now()), store.state.hello?.unit ?? ""));
    const beds = body.beds ?? [];
    place.replaceChildren(...(beds.length ? beds.map((bed) => bedOf(bed, said, store.state.now())) : [nothing(said.none)]));
  }

  load();
  return { update() {}, unmount() { isGone = true; node.remove(); } };
}

function bedOf(bed, said, nowMs) {
  const parts = PARTS.map((name) => [name, bed[name] ?? []]).filter(([, rows]) => rows.length > 0);
  return element("section", { class: "sheet-bed", "aria-label": said.bed(bed.bed) },
    element("h3", {}, said.bed(bed.bed), " ", element("small", {}, said.head(bed))),
    parts.length ? parts.map(([name, rows]) => element("div", { class: "sheet-part" }, element("h4", {}, said.parts[name]),
      element("ul", { class: "plain" }, rows.map((row) => element("li", {}, typeset(lineOf(row, said, nowMs))))))) : nothing(said.nothing));
}

// A row is a sentence already, or a record whose fields are said one after the other.
function lineOf(row, said, nowMs) {
  if (typeof row === "string") return row;
  if (row.words ?? row.label) return said.row(row, nowMs);
  return Object.values(row).filter((value) => typeof value === "string" || typeof value === "number").join(" \u00b7 ");
}
