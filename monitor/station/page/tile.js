// One bed as a tile: who calls, the numbers with their ages, what flows, what is owed.

import { stampMs } from "./clock.js";
import { element, mark, setAttribute, setText } from "./dom.js";
import { isLoud, kindOf, raisedMs } from "./order.js";
import { running, short, signed, words } from "./words.js";

const SPOT_MS = 60000;
const FRESH_MS = 15000;
const MISSED = 3;
const SPOT_CHANNELS = new Set(["sbp", "dbp", "map", "temp"]);
const FLOWING = new Set(["infusing", "slowed"]);
// With more digits than "121 125/74 97" has, the three numbers are drawn smaller.
const DIGITS = 11;

// Returns how a value is to be shown: "fresh", "old" (dimmed and dotted, with its age) or "gone"
// (a dash, with its age). The monitor says when it no longer believes a value; a spot value is old
// once the schedule asks for another, a running one when it stops coming.
export function ageing(name, channel, missing, nowMs) {
  if (!channel || channel.v === null || channel.t === null) return { style: "gone", age: null };
  const age = Math.max(0, nowMs - channel.t);
  if (channel.stale) return { style: "gone", age };
  const isSpot = channel.everyMs === null || channel.everyMs === undefined
    ? SPOT_CHANNELS.has(name)
    : channel.everyMs >= SPOT_MS;
  if (isSpot) return { style: missing.has(name) ? "old" : "fresh", age: age >= SPOT_MS ? age : null };
  // A running value may miss two of its times before it is old, if those are not seconds apart.
  const limit = Math.min(SPOT_MS, Math.max(FRESH_MS, MISSED * (channel.everyMs ?? 0)));
  return age > limit ? { style: "old", age } : { style: "fresh", age: null };
}

// Returns the channels that the schedule asks for and has not got.
export function missingChannels(state) {
  const owed = (state.vitals_due ?? []).filter((due) => due.state === "late" || due.state === "overdue");
  return new Set(owed.flatMap((due) => due.missing ?? []));
}

// Returns an alert in so few words that they fit a tile: the worst value and its limit, or how far
// it is from the baseline; otherwise the words of the monitor.
export function briefly(alert) {
  if (alert.cause === "no-data") return words.tile.noData;
  const row = alert.because?.[0];
  if (row?.symptom) return row.symptom;
  if (row && row.ch in words.tile.channels && typeof row.v === "number" && typeof row.base === "number") {
    return `${words.tile.channels[row.ch]} ${row.v} ${signed(Math.round((row.v - row.base) * 10) / 10)}`;
  }
  if (row?.words) return row.words;
  // A technical alert says after a colon how it is known, for which a tile has no room.
  return alert.kind === "technical" ? alert.label.split(": ")[0] : alert.label;
}

// Returns the next set of vital signs in words, and its state.
export function dueWords(state, nowMs) {
  const sets = [...(state.vitals_due ?? [])].sort((one, other) => stampMs(one.due) - stampMs(other.due));
  const due = sets[0];
  if (!due) return { words: "", state: "" };
  const at = stampMs(due.due);
  if (due.state === "late" || due.state === "overdue") return { words: words.tile.late(nowMs - at), state: due.state };
  if (due.state === "due") return { words: words.tile.dueNow, state: "due" };
  return { words: words.tile.due(at - nowMs), state: "next" };
}

// Returns what is absent at a bed, in words: silence on a screen must say why it is silent.
export function notesOf(state, alerts, context) {
  const said = [];
  const had = alerts.find((one) => one.acked && !isLoud(one));
  if (had) said.push(words.tile.has(had.acked.by));
  if (state.session && state.baseline === "absent") said.push(words.tile.noBaseline);
  if (state.session && state.baseline === "provisional") said.push(words.tile.provisional);
  if (state.limits_changed?.length) said.push(words.tile.limitsChanged);
  const paused = alerts.find((one) => one.signal === "audio-paused");
  if (paused) said.push(words.tile.tonePaused((stampMs(paused.quiet_until) ?? context.nowMs) - context.nowMs));
  if (alerts.some((one) => one.signal === "snoozed")) said.push(words.tile.snoozed);
  if (state.session && state.grade === null) said.push(words.tile.notAssessable);
  // The same on every tile, so it comes last, where a narrow one cuts.
  if (context.isSilent) said.push(words.tile.tonesOff);
  return said;
}

function value(name) {
  const text = element("b");
  const age = element("span", { class: "aged" });
  const label = element("span", { class: "unseen" }, words.tile.spoken[name]);
  const tag = element("span", { class: "tag", "aria-hidden": "true" }, words.tile.tags[name]);
  const node = element("span", { class: `value ${name}` }, label, tag, text, age);
  return {
    node,
    length: () => text.textContent.length,
    show(shown, { style, age: ageMs }) {
      setText(text, style === "gone" ? words.tile.gone : shown);
      setText(age, ageMs === null ? "" : short(ageMs));
      node.classList.toggle("old", style === "old");
      node.classList.toggle("gone", style === "gone");
    },
  };
}

function flash(band, kind, isCalling) {
  for (const one of ["high", "medium"]) band.classList.toggle(`flashes-${one}`, isCalling && kind === one);
}

// Returns the band of a tile: sign, words, age; of an alert that somebody has: who, and how long.
function makeBand() {
  const sign = element("span", { class: "marks" });
  const said = element("span", { class: "unseen" });
  const what = element("span", { class: "what" });
  const more = element("span", { class: "more" });
  const side = element("span", { class: "age" });
  const node = element("span", { class: "band", hidden: true }, sign, said, what, more, side);
  let shown = "";
  return {
    node,
    show(alerts, nowMs) {
      const alert = alerts[0];
      node.hidden = !alert;
      if (!alert) return;
      const kind = kindOf(alert);
      const loud = isLoud(alert);
      const key = `${kind} ${loud}`;
      if (shown !== key) {
        shown = key;
        node.className = `band filled-${kind}`;
        sign.replaceChildren(mark(kind), ...(loud ? [] : [mark("acknowledged")]));
      }
      flash(node, kind, alert.signal === "on");
      setText(said, loud ? words.tile.calling(kind) : words.tile.owned(kind));
      setText(what, briefly(alert));
      setText(more, alerts.length > 1 ? words.tile.more(alerts.length - 1) : "");
      setText(side, sideWords(alert, loud, nowMs));
    },
  };
}

function sideWords(alert, loud, nowMs) {
  if (alert.signal === "latched") return words.tile.ended;
  if (loud) return running(nowMs - raisedMs(alert));
  const since = stampMs(alert.acked?.t);
  return since === null ? "" : short(nowMs - since);
}

// Returns a tile: `node`, its button, and `update(entry, alerts, context)`, where context has
// nowMs, isSilent (this screen makes no sound), products (words by key) and openBed.
export function makeTile(bed, onOpen) {
  const band = makeBand();
  const subject = element("span", { class: "subject" });
  const temp = value("temp");
  const hr = value("hr");
  const bp = value("bp");
  const spo2 = value("spo2");
  const values = element("span", { class: "values" }, hr.node, bp.node, spo2.node);
  const canvas = element("canvas", { "aria-hidden": "true" });
  const spark = element("span", { class: "spark" }, canvas);
  const drug = element("span");
  const rate = element("b");
  const unit = element("span");
  const flow = element("span", { class: "flow" }, rate, unit);
  const due = element("span", { class: "due" });
  const notes = element("span", { class: "notes" });
  const node = element(
    "button",
    { type: "button", class: "tile", "data-bed": bed, tabindex: "-1", click: () => onOpen(bed) },
    band.node,
    element("span", { class: "head" }, element("span", { class: "unseen" }, words.tile.bed), element("span", { class: "bed" }, bed), subject, temp.node),
    values,
    spark,
    notes,
    element("span", { class: "foot" }, element("span", { class: "drug" }, drug, " "), flow, due),
  );

  function showNumbers(entry, nowMs) {
    const missing = missingChannels(entry.state);
    const of = (name) => entry.channels.get(name);
    hr.show(of("hr")?.v ?? "", ageing("hr", of("hr"), missing, nowMs));
    spo2.show(of("spo2")?.v ?? "", ageing("spo2", of("spo2"), missing, nowMs));
    const heat = of("temp")?.v;
    temp.show(heat === null || heat === undefined ? "" : words.tile.degrees(heat), ageing("temp", of("temp"), missing, nowMs));
    const low = of("dbp")?.v ?? words.tile.gone;
    bp.show(`${of("sbp")?.v ?? words.tile.gone}/${low}`, ageing("sbp", of("sbp"), missing, nowMs));
    setAttribute(values, "data-long", hr.length() + bp.length() + spo2.length() > DIGITS);
  }

  function showFlow(state, context) {
    setText(drug, state.session ? (context.products.get(state.product) ?? state.product) : words.tile.noSession);
    const isFlowing = FLOWING.has(state.phase);
    const phase = isFlowing ? "" : (words.tile.phases[state.phase] ?? state.phase);
    setText(rate, !state.session ? "" : isFlowing ? (state.rate?.v ?? words.tile.rateUnknown) : phase);
    setText(unit, state.session && isFlowing && state.rate ? ` ${state.rate.u}` : "");
  }

  function update(entry, alerts, context) {
    const { state } = entry;
    const { nowMs } = context;
    const first = alerts[0];
    setAttribute(node, "data-kind", first ? kindOf(first) : null);
    setAttribute(node, "data-loud", first ? (isLoud(first) ? "yes" : "no") : null);
    setAttribute(node, "data-phase", state.session ? state.phase : "none");
    setAttribute(node, "aria-current", context.openBed === bed ? "true" : null);
    band.show(alerts, nowMs);
    setText(subject, state.subject ?? "");
    showNumbers(entry, nowMs);
    showFlow(state, context);
    const owed = dueWords(state, nowMs);
    setText(due, owed.words);
    setAttribute(due, "data-state", owed.state || null);
    const said = notesOf(state, alerts, context);
    setText(notes, said.join(" \u00b7 "));
    notes.hidden = said.length === 0;
    setAttribute(node, "title", said.length ? said.join("; ") : null);
  }

  return { bed, node, canvas, update };
}

