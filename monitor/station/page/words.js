// Every word that people read on this page. One section for each module, in the order of names; those
// of the chair and of the views beside it stand in files of their own.

import { first } from "./words_chair.js";
import { second } from "./words_forms.js";
import { running, short } from "./words_numbers.js";

export { minuteOfDay, running, short, signed, spoken, timeOfDay } from "./words_numbers.js";

const SECOND = 1000;

// A length in one unit: 40 s, 12 min, 3 h.
const length = (ms) => short(ms).replace(/m$/u, "min");

const acts = {
  refused: (reason) => `Not accepted: ${reason}`,
  failed: (status) => `Not sent: the server answered ${status}`,
  unreachable: "Not sent: the server cannot be reached",
  logInFirst: "Log in first: acting needs a person",
  undone: "undone within 10 s",
};

const app = {
  title: "Infusion station",
  main: "Beds",
  openBed: "Infusion chair",
  views: "Views",
  viewFailed: "This view could not be loaded. The alerts go on.",
  loading: "Loading",
};

// The monitor's own alerts stand at no bed, which is written "_" on the wire.
const placeOf = (bed) => (bed === "_" ? "the monitor" : `bed ${bed}`);
const upper = (text) => `${text[0].toUpperCase()}${text.slice(1)}`;

const feed = {
  title: "Alerts, unacknowledged first",
  counts: (open, calling) => `${open} open \u00b7 ${calling} calling`,
  none: "No alerts",
  unbelievable: "Not known",
  bed: (bed) => (bed === "_" ? "Monitor" : `Bed ${bed}`),
  grade: (grade) => (grade === null || grade === undefined ? "not assessable" : `grade ${grade}`),
  pattern: (pattern) => `${pattern} pattern`,
  ago: (ms) => `${running(ms)} ago`,
  rateChanged: (minutes) => `${minutes} min after the last rate change`,
  rate: (rate) => `rate ${rate.v} ${rate.u}`,
  called: (to, by) => (by ? `told ${to} (by ${by})` : `told ${to}`),
  acknowledge: "Ack",
  more: "More",
  less: "Less",
  moreOf: (bed) => `More for ${placeOf(bed)}`,
  ackOf: (bed) => `Ack ${placeOf(bed)}: I have seen it and I own it`,
  pauseTone: "Pause tone 2:00",
  toneFor: (ms) => `tone paused, ${running(ms)} left`,
  escalate: "Escalate",
  handBack: "Hand back",
  unsnooze: "End snooze",
  undo: (ms) => `Undo ${Math.ceil(ms / SECOND)} s`,
  sending: "sending",
  sent: "sent, no answer of the monitor yet",
  acked: (by, at) => `${by} has it since ${at}`,
  realerts: (ms) => `re-alerts in ${length(ms)}`,
  realertsNow: "re-alerts now",
  keepsQuiet: "does not re-alert",
  ended: (at) => `ended ${at}, stays until acknowledged`,
  recovering: "easing, not yet clear",
  pending: "read once, waits for a repeat",
  snoozed: (reason) => `snoozed${reason ? `: ${reason}` : ""}`,
  disbelieved: (why) => `judged: ${why}`,
  flaps: (count) => `came ${count} times`,
  notAReaction: "Not a reaction, because",
  disbeliefs: { artefact: "artefact", "known-condition": "known condition", treated: "treated", other: "other" },
  snooze: "Snooze",
  snoozeSign: "Sign",
  snoozeFor: "For",
  snoozeMinutes: (minutes) => `${minutes} min`,
  snoozeReason: "Reason",
  snoozeReasonNeeded: "A snooze needs a reason",
  newBelow: (count) => `${count} new below: the order waits for your pointer`,
};

const grid = {
  title: "Beds",
  empty: "No bed is known yet",
  range: (first, last) => `${first}\u2013${last}`,
  pageOf: (page, range) => `Page ${page}: beds ${range}`,
  find: "Find bed",
  notFound: (text) => `No bed ${text}`,
  covered: (ms) => `NOT HEARD FOR ${running(ms)}`,
  coveredNever: "NOT CONNECTED",
  noMonitor: "NO MONITOR IS HEARD",
  coveredWhy: "The numbers are covered because nothing here is current. Look at the bedside.",
};

const header = {
  station: (unit) => `Unit ${unit}`,
  alerts: "Open alerts",
  beds: (all, flowing) => `${all} ${all === 1 ? "bed" : "beds"} \u00b7 ${flowing} infusing`,
  priorities: { high: "high", medium: "medium", low: "low", technical: "technical" },
  count: (name, count) => `${count} ${name}`,
  oldest: (ms) => `oldest open ${running(ms)}`,
  noneWaiting: "none waiting",
  live: (ms) => `live ${(ms / SECOND).toFixed(1)} s`,
  stale: (ms) => `STALE ${Math.floor(ms / SECOND)} s`,
  connecting: "CONNECTING",
  standby: { ready: "standby ready", "not-ready": "STANDBY NOT READY" },
  tookOver: (ms) => `standby took over ${running(ms)} ago`,
  layout: "Order",
  byBed: "by bed",
  byAcuity: "by acuity",
  theme: { "": "Colours: as the system", dark: "Colours: dark", light: "Colours: light" },
  views: { handover: "Hand-over", events: "Events", settings: "Settings" },
  nobody: "Log in",
  who: (name, role) => `${name} (${role})`,
  logIn: "Log in",
  logOut: "Log out",
  name: "Name",
  password: "Password",
  loggingIn: "Logging in",
  viewing: "Viewing needs no login. Acting does.",
  help: "Screen",
  screensBlocked: (count) => `${count} ${count === 1 ? "screen" : "screens"} cannot sound`,
};

const help = {
  title: "Keys",
  keys: [
    ["Arrows", "move between beds or alerts"],
    ["Enter", "open the bed"],
    ["a", "acknowledge the alert or bed that has the focus"],
    ["p", "pause its tone for two minutes"],
    ["e", "escalate it to the next of the chain"],
    ["/", "find a bed"],
    ["Page Up, Page Down", "pages of beds"],
    ["Esc", "close, back to the beds"],
    ["?", "these keys"],
  ],
  single: "Single keys (a, p, e, /, ?) act",
  chooseFirst: "Choose a bed or an alert first",
  ownAlert: "An alert of the monitor itself can only be acknowledged",
  nothing: (bed) => `Bed ${bed} has no alert to act on`,
};

const speech = {
  high: (bed, label) => `High priority. ${upper(placeOf(bed))}. ${label}`,
  raised: (priority, bed, label) => `${priority}, ${placeOf(bed)}: ${label}`,
  acked: (bed, by) => `${upper(placeOf(bed))} acknowledged by ${by}`,
  ended: (bed) => `${upper(placeOf(bed))}: alert ended`,
  stale: "The server is not heard. The numbers are covered.",
  live: "The server is heard again.",
  many: (count) => `${count} more changes`,
};

const tile = {
  noData: "NO DATA",
  notAssessable: "not assessable",
  noBaseline: "no baseline",
  provisional: "baseline provisional",
  limitsChanged: "limits changed",
  tonesOff: "tones off",
  tonePaused: (ms) => `tone paused ${running(ms)}`,
  snoozed: "snoozed",
  has: (by) => `${by} has it`,
  due: (ms) => `VS ${short(ms)}`,
  dueNow: "VS due",
  late: (ms) => `VS late ${short(ms)}`,
  noSession: "no session",
  rateUnknown: "rate ?",
  gone: "--",
  more: (count) => `+${count}`,
  ended: "ended",
  degrees: (value) => `${value.toFixed(1)}\u00b0`,
  channels: { hr: "HR", sbp: "SBP", dbp: "DBP", map: "MAP", spo2: "SpO\u2082", temp: "T", rr: "RR" },
  phases: {
    none: "empty", opened: "opened", baseline: "baseline", infusing: "infusing", slowed: "slowed",
    paused: "PAUSED", stopped: "STOPPED", watch: "watch", closed: "closed",
  },
  // What a tile says to ears where eyes see a sign, a colour or a place.
  bed: "Bed ",
  calling: (kind) => `${kind} alert: `,
  owned: (kind) => `${kind} alert that somebody has: `,
  tags: { hr: "HR /min", bp: "BP mmHg", spo2: "SpO\u2082 %", temp: "" },
  spoken: { hr: "heart rate ", bp: "pressure ", spo2: "saturation ", temp: "temperature " },
};

const tones = {
  states: {
    on: "Tones on", blocked: "TONES BLOCKED", off: "TONES OFF on this screen", paused: "Tones paused",
  },
  paused: (ms) => `Tones paused ${running(ms)}`,
  check: "Sound check",
  checkDue: "Sound check due",
  checking: "Listen: high, medium, low",
  heard: "Heard all three?",
  yes: "Yes",
  no: "No",
  notHeard: "Not heard: look at the loudspeaker of this screen",
  pause: "Pause tones of this screen 2:00",
  resume: "Tones on again",
  off: "Turn tones off",
  on: "Turn tones on",
};

// Sections of modules: each module gets its own.
export const words = Object.freeze({ acts, app, feed, grid, header, help, speech, tile, tones, ...first, ...second });
