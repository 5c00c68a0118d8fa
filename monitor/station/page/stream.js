// The one stream from the server, and the state that every view reads.

import { stampMs } from "./clock.js";
import { typeset } from "./words_numbers.js";

const REOPEN_MS = 2000;
const SILENT_MS = 12000;
const EVENTS = [
  "hello", "v", "bed", "gone", "alert", "advice", "call", "answer", "status", "hb", "screens",
];

function channelOf(shown) {
  return {
    v: shown.v ?? null,
    t: stampMs(shown.t),
    stale: Boolean(shown.stale),
    base: shown.base ?? null,
    doubt: shown.doubt ?? "",
    raw: shown.raw ?? null,
    rawT: stampMs(shown.raw_t),
  };
}

// Keeps the time between two readings, by which a spot value is told from a running one.
function keepChannel(channels, name, next) {
  const before = channels.get(name);
  const isNewer = before?.t != null && next.t != null && next.t > before.t;
  channels.set(name, { ...next, everyMs: isNewer ? next.t - before.t : (before?.everyMs ?? null) });
}

function takeBed(state, bed, shown) {
  const entry = state.beds.get(bed) ?? { state: shown, channels: new Map() };
  if (entry.state.session !== shown.session) entry.channels = new Map();
  entry.state = shown;
  const told = new Set();
  for (const channel of shown.channels ?? []) {
    told.add(channel.ch);
    keepChannel(entry.channels, channel.ch, channelOf(channel));
  }
  // A state names all channels that have a value; one that is not named has none any more.
  for (const name of [...entry.channels.keys()]) if (!told.has(name)) entry.channels.delete(name);
  state.beds.set(bed, entry);
}

function takeNumbers(state, beds) {
  const touched = [];
  for (const [bed, channels] of Object.entries(beds ?? {})) {
    const entry = state.beds.get(bed);
    if (!entry) continue;
    for (const [name, [v, t, stale, base]] of Object.entries(channels)) {
      const before = entry.channels.get(name);
      keepChannel(entry.channels, name, {
        doubt: "", raw: null, rawT: null, ...before, v, t, stale: Boolean(stale), base: base ?? null,
      });
    }
    touched.push(bed);
  }
  return touched;
}

// Nothing of an episode is left to show once it has ended and calls nobody.
function isOver(alert) {
  return alert.state === "ended" && alert.signal === "off";
}

function takeAlert(state, alert) {
  if (isOver(alert)) state.alerts.delete(alert.id);
  else state.alerts.set(alert.id, { ...alert, label: typeset(alert.label), because: (alert.because ?? []).map(readable) });
}

const readable = (row) => (row.words ? { ...row, words: typeset(row.words) } : row);

function takeHello(state, hello) {
  state.hello = hello;
  state.status = hello.status ?? null;
  state.condition = hello.condition ?? "";
  const known = state.beds;
  state.beds = new Map();
  for (const [bed, shown] of Object.entries(hello.beds ?? {})) {
    if (known.has(bed)) state.beds.set(bed, known.get(bed));
    takeBed(state, bed, shown);
  }
  state.alerts = new Map();
  for (const [id, alert] of Object.entries(hello.alerts ?? {})) takeAlert(state, { ...alert, id });
  state.advice = new Map(Object.entries(hello.advice ?? {}));
  state.blockedScreens = hello.screens?.blocked ?? 0;
}

function take(state, kind, data) {
  if (kind === "hello") takeHello(state, data);
  else if (kind === "v") return { beds: takeNumbers(state, data.beds) };
  else if (kind === "bed") takeBed(state, data.bed, data.state);
  else if (kind === "gone") {
    state.beds.delete(data.bed);
    state.advice.delete(data.bed);
    for (const [id, alert] of state.alerts) if (alert.bed === data.bed) state.alerts.delete(id);
  } else if (kind === "alert") takeAlert(state, data);
  else if (kind === "advice") state.advice.set(data.bed, data);
  else if (kind === "call") state.calls.set(data.alert, data);
  else if (kind === "answer") state.answers.set(data.id, data);
  else if (kind === "status") {
    state.status = data.status ?? state.status;
    state.condition = data.condition ?? "";
  } else if (kind === "screens") state.blockedScreens = data.blocked ?? 0;
  return {};
}

const KEPT = 200;

// A page that is open for weeks must not grow: of answers and calls only the last are kept.
function trim(map) {
  while (map.size > KEPT) map.delete(map.keys().next().value);
}

// Returns the store of a page: `state` as the views read it, `subscribe(fn)` for every change
// (fn gets {kind, bed, beds, id, data}), and `open()`, which connects and keeps connected.
export function createStore(clock, { url = "/feed", Source = globalThis.EventSource } = {}) {
  const state = {
    now: () => clock.now(),
    hello: null,
    status: null,
    condition: "",
    beds: new Map(),
    alerts: new Map(),
    advice: new Map(),
    calls: new Map(),
    answers: new Map(),
    blockedScreens: 0,
    heardMs: 0,
    unreadable: 0,
  };
  const listeners = new Set();
  let source = null;
  let guard = null;

  // What cannot be read tells nothing and harms nothing; it is counted, and the next one is read.
  function heard(kind, event) {
    let change;
    try {
      const data = JSON.parse(event.data);
      clock.heard(data.now_ms);
      state.heardMs = clock.now();
      change = { kind, bed: data.bed, id: data.id, data, ...take(state, kind, data) };
    } catch (error) {
      state.unreadable += 1;
      console.warn(`unreadable ${kind}: ${error}`);
      return;
    }
    trim(state.answers);
    trim(state.calls);
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        // One reader that fails must not keep the others, nor the sound, from hearing.
        console.error(error);
      }
    }
  }

  function connect() {
    source?.close();
    source = new Source(url);
    for (const kind of EVENTS) source.addEventListener(kind, (event) => heard(kind, event));
  }

  // The browser mends a broken connection by itself, but not a refused or a half-dead one.
  let openedAt = 0;
  function mend() {
    const isClosed = source.readyState === 2;
    if (isClosed || (clock.silentMs() > SILENT_MS && performance.now() - openedAt > SILENT_MS)) {
      openedAt = performance.now();
      connect();
    }
  }

  return {
    state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    open() {
      connect();
      openedAt = performance.now();
      guard = setInterval(mend, REOPEN_MS);
    },
    close() {
      clearInterval(guard);
      source?.close();
    },
  };
}
