// Symptoms by one tap: a tap records "onset now, moderate". Holding the button down, its menu key or
// the small button beside it opens time, severity and "ended" in place, never over anything.

import { stampMs } from "./clock.js";
import { button, element, setAttribute, setText } from "./dom.js";
import { checkbox, createOutcome, form, nothing, section, select, submit, textInput } from "./forms.js";

const HOLD_MS = 500;
const NOTE_MOST = 500;
const MINUTE = 60_000;
const AGES_MIN = [0, 1, 2, 5, 10, 15, 30, 60];
const KEPT = "charted";
const SEVERITIES = ["mild", "moderate", "severe"];

export function mount(root, context) {
  const { store, words, bed } = context;
  const said = words.symptoms;
  const outcome = createOutcome(context);
  const taps = element("div", { class: "taps" });
  const place = element("div", { class: "unfolded" });
  const charted = element("p", { class: "charted" });
  const node = section("symptoms", said.title, charted, taps, place, outcome.node);
  root.append(node);
  const buttons = new Map();
  let held = null;

  function chart(symptom, label, extra = {}) {
    const state = store.state.beds.get(bed)?.state;
    const payload = { symptom, present: true, ...extra };
    if (state?.session) payload.session = state.session;
    return outcome.send(label, { bed, kind: "obs", payload });
  }

  function unfold(symptom, title, opener) {
    const charted = presentAt(store.state, bed).get(symptom) ?? null;
    place.replaceChildren(details(symptom, title, { said, chart, outcome, store, charted, close: () => {
      place.replaceChildren();
      opener.focus();
    } }));
    place.querySelector("select").focus();
  }

  function make({ key, words: title }) {
    const tap = button(title, () => {
      // A hold has opened the details; the click that ends it records nothing.
      if (held === key) held = null;
      else chart(key, said.onset(title));
    }, { class: "button tap", "aria-haspopup": "true", "aria-description": said.hint });
    let timer = 0;
    const letGo = () => clearTimeout(timer);
    tap.addEventListener("pointerdown", () => {
      held = null;
      timer = setTimeout(() => { held = key; unfold(key, title, tap); }, HOLD_MS);
    });
    for (const name of ["pointerup", "pointerleave", "pointercancel"]) tap.addEventListener(name, letGo);
    tap.addEventListener("contextmenu", (event) => { event.preventDefault(); letGo(); unfold(key, title, tap); });
    tap.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" && event.key !== "ContextMenu") return;
      event.preventDefault();
      unfold(key, title, tap);
    });
    return tap;
  }

  function update() {
    const list = store.state.hello?.vocabulary?.symptoms ?? [];
    for (const symptom of list) {
      if (buttons.has(symptom.key)) continue;
      buttons.set(symptom.key, make(symptom));
      taps.append(buttons.get(symptom.key));
    }
    const present = presentAt(store.state, bed);
    for (const [key, tap] of buttons) setAttribute(tap, "data-present", present.has(key));
    setText(charted, present.size === 0 ? said.none : said.charted([...present].map(([key, one]) =>
      ({ ...one, title: buttons.get(key)?.textContent ?? key }))));
    outcome.update();
  }

  if ((store.state.hello?.vocabulary?.symptoms ?? []).length === 0) taps.append(nothing(said.unknown));
  update();
  return { update, unmount: () => node.remove() };
}

// The time of a symptom is its onset. The message itself is of now: an old message would be stored
// and not judged.
function details(symptom, title, { said, chart, outcome, store, charted, close }) {
  // What is there already keeps its onset when its severity changes, unless another is chosen.
  const since = charted?.since ?? null;
  const kept = since === null ? [] : [[KEPT, said.asCharted(since)]];
  const age = select("age", [...kept, ...AGES_MIN.map((minutes) => [String(minutes), said.ago(minutes)])], kept.length ? KEPT : "0");
  const severity = select("severity", SEVERITIES.map((one) => [one, said.severities[one]]), charted?.severity || "moderate");
  const note = textInput("note", { maxlength: NOTE_MOST, hidden: true, "aria-label": said.note });
  const wantsNote = checkbox("with-note", said.noteOff);
  wantsNote.firstChild.addEventListener("change", (event) => { note.hidden = !event.target.checked; });
  async function record(present) {
    const keeps = age.value === KEPT;
    const minutes = keeps ? 0 : Number(age.value);
    const extra = present ? { severity: severity.value } : { present: false };
    if (present && keeps) extra.onset = new Date(since).toISOString();
    else if (present && minutes > 0) extra.onset = new Date(store.state.now() - minutes * MINUTE).toISOString();
    if (!note.hidden && note.value.trim()) extra.note = note.value.trim();
    outcome.clear();
    const now = said.severities[severity.value];
    const label = !present ? said.ended(title) : keeps ? said.graded(title, now, since) : said.recorded(title, now, minutes);
    if (await chart(symptom, label, extra)) close();
  }
  return form({ class: "details", "aria-label": title, keydown: (event) => {
    if (event.key === "Escape") { event.stopPropagation(); close(); }
  } }, () => record(true),
  element("strong", {}, title),
  element("label", {}, said.since, " ", age),
  element("label", {}, said.severity, " ", severity),
  submit(said.record),
  button(said.endedNow, () => record(false)),
  button(said.cancel, close),
  wantsNote, note);
}

// Returns the symptoms that are present, and since when: from the state of the bed where it says so,
// otherwise from the rows of its open alerts.
export function presentAt(state, bed) {
  const present = new Map();
  const charted = state.beds.get(bed)?.state?.symptoms;
  if (charted) {
    for (const one of charted) present.set(one.symptom, { since: stampMs(one.since), severity: one.severity });
    return present;
  }
  for (const alert of state.alerts.values()) {
    if (alert.bed !== bed || alert.state === "ended") continue;
    for (const row of alert.because ?? []) {
      if (row.symptom) present.set(row.symptom, { since: stampMs(row.t), severity: "" });
    }
  }
  return present;
}
