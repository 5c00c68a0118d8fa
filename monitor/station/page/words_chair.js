// The words of the chair and of the views beside it; words.js joins them to the others.

import { minuteOfDay, running, short, signed, timeOfDay } from "./words_numbers.js";

const plain = (value) => String(Math.round(value * 100) / 100);
const amount = (value, unit) => (value === null || value === undefined ? "" : `${plain(value)}${unit ? ` ${unit}` : ""}`);
const UNITS = { "mm[Hg]": "mmHg", Cel: "\u00b0C" };
const unitOf = (unit) => UNITS[unit] ?? unit ?? "";
const joined = (parts, by = " \u00b7 ") => parts.filter(Boolean).join(by);
const NAMES = { hr: "HR", sbp: "BP", dbp: "BP", map: "MAP", spo2: "SpO\u2082", rr: "RR", temp: "Temp", rate: "Rate" };
const UNIT_OF = { hr: "/min", sbp: "mmHg", dbp: "mmHg", map: "mmHg", spo2: "%", rr: "/min", temp: "\u00b0C", rate: "mL/h" };
const PATTERN = (pattern) => (pattern ? pattern.replaceAll("-", " ") : "");
const CANCEL = "Cancel";

const chair = {
  back: "Beds",
  bed: (bed) => `Bed ${bed}`,
  unheard: "nothing is known of this bed",
  noSession: "No session is open here. Opening one is at the end of this view.",
  viewing: "You are viewing. Log in (top right) to record.",
  partFailed: "This part could not be shown. The others go on.",
  what: (state, product) => joined([
    state.age ? (/^\d+$/.test(state.age) ? `${state.age} y` : state.age) : "age not known",
    state.weight ? amount(state.weight.v, state.weight.u) : "weight not known",
    product, state.concentration ? amount(state.concentration.v, state.concentration.u) : "",
  ]),
  facts: (state, product, phase) => joined([
    phase,
    joined([state.dose ? `dose ${amount(state.dose.v, state.dose.u)}` : "",
      state.dose_number ? `number ${state.dose_number}${state.doses ? ` of ${state.doses}` : ""}` : ""], ", "),
    state.first_dose === true ? "first dose" : state.first_dose === false ? "not the first dose" : "first dose: not known",
    state.baseline ? `baseline ${state.baseline}` : "no baseline: relative rules are off",
    (state.given ?? []).map((one) => `${one.drug}${one.dose ? ` ${amount(one.dose.v, one.dose.u)}` : ""} ${minuteOfDay(Date.parse(one.t))}`).join(", "),
  ]),
  badge: (state, alert) => {
    if (alert) return joined([alert.grade === null || alert.grade === undefined ? "" : `G${alert.grade}`, alert.pattern ? `${PATTERN(alert.pattern)} pattern` : alert.label]);
    if (!state || state.grade === null || state.grade === undefined) return "not assessable";
    return state.grade === 0 ? "G0, no reaction seen" : joined([`G${state.grade}`, PATTERN(state.pattern)]);
  },
  proposal: (one) => `${one.words} (${one.because})`,
  answerWithinMs: 5000,
  sending: (label) => `Sending: ${label}`,
  sent: (label) => `Sent: ${label}`,
  unanswered: (label) => `Sent, no answer of the monitor yet: ${label}`,
  recorded: (label, by) => `Recorded${by ? ` by ${by}` : ""}: ${label}`,
};

const numbers = {
  title: "Vital signs",
  names: { ...NAMES, dbp: "Diastolic" },
  units: UNIT_OF,
  none: "--",
  noValue: "no value",
  noBaseline: "no baseline",
  stale: (value, age) => `last ${value}, ${short(age)} ago`,
  age: (age) => `${short(age)} ago`,
  mean: (value) => `MAP ${Math.round(value)}`,
  doubt: (reason, raw) => `doubted: ${reason}${raw === null || raw === undefined ? "" : ` (${plain(raw)})`}`,
  rule: (words, more) => (more ? `${words} (and ${more} more)` : words),
  atBaseline: (base) => `at baseline ${base}`,
  delta: (delta, percent, base) => [`${delta > 0 ? "\u25b2" : "\u25bc"}\u00a0${signed(delta)}`, percent === null ? "" : `(${signed(percent)}\u00a0%)`, `vs\u00a0${base}`].filter(Boolean).join(" "),
};

const strip = {
  title: "Clocks of the infusion",
  titles: { start: "Since start", rate: "Since rate change", step: "Next rate step", vitals: "Next vital signs", volume: "Volume" },
  unknown: "not known",
  phases: { opened: "not started", baseline: "baseline forms", infusing: "infusing", slowed: "slowed", paused: "paused", stopped: "stopped", watch: "after the end", closed: "closed" },
  since: running,
  rate: (v, u) => `${plain(v)} ${u}`,
  rateUnknown: "rate not known",
  noStep: (phase) => (phase === "infusing" || phase === "slowed" ? "none told" : "none: nothing flows"),
  dueNow: "due now",
  dueIn: (ms) => `in ${short(ms)}`,
  ready: "nothing on the list speaks against it",
  notReady: (reasons) => `not yet: ${reasons.join("; ") || "reason not told"}`,
  noVitals: "none due",
  lateBy: (ms) => `due ${short(ms)} ago`,
  missing: (names) => (names.length ? `${names.map((name) => NAMES[name] ?? name).join(", ")} missing` : ""),
  noVolume: "no pump has told it",
  infused: (v) => (v === null ? "infused not known" : `${plain(v)} mL in`),
  remaining: (v, by) => joined([v === null ? "remaining not known" : `${plain(v)} mL left`, by === "pump" ? "pump" : by ? `by ${by}` : ""], ", "),
};

const timeline = {
  title: "Timeline",
  rows: { hr: ["HR", "/min"], bp: ["BP", "mmHg", "MAP"], spo2: ["SpO\u2082", "%"], rr: ["RR", "/min"], temp: ["Temp", "\u00b0C"], rate: ["Rate", "mL/h"] },
  names: { hr: "Heart rate", sbp: "Systolic pressure", dbp: "Diastolic pressure", map: "Mean pressure", spo2: "Saturation", rr: "Breaths", temp: "Temperature" },
  no_values: "no values",
  show: "Show",
  range: (hours) => (hours < 1 ? `${hours * 60} min` : `${hours} h`),
  label: (bed) => `Timeline of bed ${bed}: vital signs over the infusion rate. The same stands below in words.`,
  read: "Read the timeline at a time",
  readHint: "Point at the timeline, or move the slider, to read it at a time.",
  at: (time, values) => `${time}: ${joined(Object.entries(values).map(([name, one]) => `${NAMES[name] ?? name}${name === "dbp" ? " dia" : ""} ${plain(one.v)}`), ", ") || "nothing yet"}`,
  inWords: "The timeline in words",
  flags: "Events, by the numbers of the timeline",
  by: (who) => `by ${who}`,
  noFlags: "No events yet",
  noHistory: "The history is not there: numbers go on, the timeline does not.",
  series: (name, { value, at, low, high, base }) => `${name} ${value} at ${at}, lowest ${low}, highest ${high}, ${base === null ? "no baseline" : `baseline ${plain(base)}`}.`,
  rateNow: (value, at) => `Infusion rate ${value} mL/h since ${at}.`,
  rateNone: "Infusion rate not known.",
  band: (grade, from, to) => `Grade ${grade ?? "not known"} ${to === null ? `since ${from}` : `from ${from} to ${to}`}.`,
  flagsCount: (count) => `${count} ${count === 1 ? "event" : "events"}, listed beside.`,
};

const ladder = {
  title: "Steps",
  adjuncts: "Beside the first line",
  none: "No steps are advised now.",
  cancel: CANCEL,
  head: (advice) => joined([
    advice.reason?.startsWith(advice.pattern) ? "" : `${PATTERN(advice.pattern)}${advice.grade === null ? "" : `, grade ${advice.grade}`}`,
    advice.reason,
  ]),
  plan: (advice) => joined([`infusion: ${advice.plan ?? "running"}`, advice.end ? `may not go on: ${advice.end}` : "", advice.recurrences ? `signs came back ${advice.recurrences} times` : "", advice.why]),
  rate: (rate) => `${plain(rate.v)} ${rate.u}`,
  marks: { offered: "\u25a1", started: "\u25d0", done: "\u2713", declined: "\u2715", "not-possible": "\u2298" },
  states: { offered: "to do", started: "started", done: "done", declined: "declined", "not-possible": "not possible" },
  more: "Other",
  moreOf: (key) => `Other: ${key}`,
  acts: { started: "Started", done: "Done", declined: "Decline", "not-possible": "Not possible" },
  actOf: (status, step) => `${{ started: "Started", done: "Done", declined: "Declined", "not-possible": "Not possible" }[status]}: ${step}`,
  small: (step, at, look) => joined([
    step.by ? `${step.by}${at === null ? "" : ` ${timeOfDay(at)}`}` : at === null ? "" : timeOfDay(at),
    step.given ? `given ${step.given}` : "", step.reason ? `because ${step.reason}` : "",
    step.response ? `${step.response}${step.response_words ? `: ${step.response_words}` : ""}` : "",
    look === null ? "" : `look again ${minuteOfDay(look)}`, step.state === "offered" && step.because ? `for ${step.because}` : "",
    `for the ${step.who}`, `source: ${(step.source ?? []).join(", ")}`,
  ]),
  dose: "Dose given",
  unit: "Unit",
  doseHint: (words) => `The protocol says ${words}. Write what was given.`,
  doseWrong: (text) => `Dose given: "${text}" is no number above 0`,
  reason: "Reason",
  reasonMaybe: "Reason, if the dose differs",
  reasonNeeded: (act) => `"${act}" needs a reason, 1 to 64 characters; it is empty`,
  recorded: (step, status, extra) => joined([step, ladder.states[status], extra.dose ? amount(extra.dose.v, extra.dose.u) : "", extra.reason], ", "),
};

const timers = {
  title: "Timers",
  none: "No timer runs.",
  sinceStop: "Since the stop",
  sinceDose: (number, dose) => `Since epinephrine dose ${number}${dose ? ` (${dose})` : ""}`,
  repeat: "Epinephrine: look again, repeat if not better",
  look: (step) => `Look again: ${step}`,
  restart: "A restart may be considered",
  watch: (what, holds) => `${{ stay: "To stay, watched for", watch: "Watched for", tell: "To be told about" }[holds] ?? "Watched for"}: ${what}`,
  since: running,
  left: (ms) => `in ${running(ms)}`,
  due: (ms) => `DUE ${running(ms)}`,
};

const symptoms = {
  title: "Symptoms: one tap is onset now",
  hint: "Tap: onset now, moderate. Hold, or press arrow down: time, severity, ended.",
  unknown: "The list of symptoms has not been heard yet.",
  none: "None is charted as present.",
  charted: (list) => `Present: ${list.map((one) => joined([one.title, one.severity, one.since === null ? "" : minuteOfDay(one.since)], " ")).join(" \u00b7 ")}`,
  onset: (title) => `${title}, onset now`,
  ago: (minutes) => (minutes === 0 ? "now" : `${minutes} min ago`),
  since: "Since",
  asCharted: (since) => `as charted, ${minuteOfDay(since)}`,
  severity: "Severity",
  severities: { mild: "mild", moderate: "moderate", severe: "severe" },
  record: "Record",
  endedNow: "Ended now",
  cancel: CANCEL,
  note: "Note",
  noteOff: "With a note (no names; the monitor does not keep it)",
  recorded: (title, severity, minutes) => `${title}, ${severity}, onset ${symptoms.ago(minutes)}`,
  graded: (title, severity, since) => `${title}, now ${severity}, since ${minuteOfDay(since)}`,
  ended: (title) => `${title}, ended`,
};

export const first = { chair, ladder, numbers, strip, symptoms, timeline, timers };
export { CANCEL, NAMES, PATTERN, amount, joined, plain, unitOf };
