// Sound by WebAudio: bursts after IEC 60601-1-8, what a screen can do, and telling the server so.

import { freshId, post } from "./acts.js";
import { remember, remembered } from "./dom.js";
import { isLoud } from "./order.js";

const PAUSE_MS = 120000;
const SHIFT_MS = 12 * 3600 * 1000;
const TELL_MS = 20000;
const RANKS = { high: 3, medium: 2, low: 1 };
const C4 = 261.63;
const NOTES_S = 0.15;
// Ten pulses for high (three, two, and again), three for medium, two for low; each pulse lasts
// 150 ms. A burst is repeated until nobody is called any more; that of low is heard once.
const BURSTS = {
  high: { starts: [0, 0.25, 0.5, 0.95, 1.2, 1.9, 2.15, 2.4, 2.85, 3.1], everyMs: 8000 },
  medium: { starts: [0, 0.35, 0.7], everyMs: 15000 },
  low: { starts: [0, 0.4], everyMs: Infinity },
};
const CHECK_GAP_S = { high: 0, medium: 4.2, low: 6 };
// Four strong partials above a fundamental of 262 Hz, so that no room swallows all of them.
const PARTIALS = [0, 1, 0.8, 0.7, 0.6, 0.5, 0.3];

// Returns the loudest priority among the alerts that call, "" if none does. A tone is for what
// calls now: paused, acknowledged, snoozed and latched alerts are seen, not heard.
export function soundingPriority(alerts) {
  let loudest = "";
  for (const alert of alerts) {
    if (alert.signal !== "on" || !(alert.priority in RANKS)) continue;
    if (!loudest || RANKS[alert.priority] > RANKS[loudest]) loudest = alert.priority;
  }
  return loudest;
}

// Returns the sound of a screen. `Context` makes the audio context, so that a test can count pulses.
export function createTones({ store, clock, Context = globalThis.AudioContext }) {
  const listeners = new Set();
  const screen = remembered("screen") || freshId();
  remember("screen", screen);
  let audio = null;
  let isOff = false;
  let isUnheard = false;
  let isAsking = false;
  let pausedUntil = 0;
  let pausedRank = 0;
  let told = { state: "", at: -Infinity };
  let last = { priority: "", at: -Infinity };
  const known = new Map();
  let checkedAt = Number(remembered("checked")) || 0;

  const changed = () => listeners.forEach((listener) => listener());

  function wake() {
    if (!Context) return;
    audio ??= new Context();
    audio.onstatechange = tick;
    if (audio.state === "suspended") audio.resume().then(tick, () => null);
  }

  function pulse(at) {
    const wave = audio.createPeriodicWave(new Float32Array(PARTIALS.length), new Float32Array(PARTIALS));
    const source = audio.createOscillator();
    const gain = audio.createGain();
    source.setPeriodicWave(wave);
    source.frequency.value = C4;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.5, at + 0.02);
    gain.gain.setValueAtTime(0.5, at + NOTES_S - 0.03);
    gain.gain.linearRampToValueAtTime(0, at + NOTES_S);
    source.connect(gain).connect(audio.destination);
    source.start(at);
    source.stop(at + NOTES_S);
  }

  function play(priority, afterS = 0) {
    for (const start of BURSTS[priority].starts) pulse(audio.currentTime + 0.05 + afterS + start);
  }

  const isPaused = () => performance.now() < pausedUntil;

  // A screen that nobody heard goes on trying: it is only believed to be silent.
  const canPlay = () => !isOff && !isPaused() && audio?.state === "running";

  function state() {
    if (isOff) return "off";
    if (!audio || audio.state !== "running" || isUnheard) return "blocked";
    return isPaused() ? "paused" : "on";
  }

  async function tell() {
    const now = performance.now();
    const current = state();
    if (current === told.state && now - told.at < TELL_MS) return;
    told = { state: current, at: now };
    await post("/api/v1/screens", { screen, tones: current });
  }

  // A pause ends at once for what is more urgent than anything that called when it began.
  function breakThrough(priority) {
    if (isPaused() && (RANKS[priority] ?? 0) > pausedRank) pausedUntil = 0;
  }

  // What has just begun to call is heard at once, not when the next burst is due.
  function isNew() {
    let fresh = false;
    for (const alert of store.state.alerts.values()) {
      const key = `${alert.signal} ${alert.priority}`;
      if (alert.signal === "on" && known.get(alert.id) !== key) fresh = true;
      known.set(alert.id, key);
    }
    for (const id of known.keys()) if (!store.state.alerts.has(id)) known.delete(id);
    return fresh;
  }

  function tick() {
    const priority = soundingPriority(store.state.alerts.values());
    const fresh = isNew();
    breakThrough(priority);
    if (canPlay() && priority) {
      const now = performance.now();
      const isDue = now - last.at >= BURSTS[priority].everyMs;
      const isRaised = (RANKS[priority] ?? 0) > (RANKS[last.priority] ?? 0);
      const isOver = now - last.at > 4000;
      if (isDue || isRaised || (fresh && isOver)) {
        last = { priority, at: now };
        play(priority);
      }
    } else if (!priority) last = { priority: "", at: -Infinity };
    tell();
    changed();
  }

  store.subscribe((change) => {
    if (change.kind === "alert" || change.kind === "hello") tick();
  });
  clock.onSecond(tick);
  // A browser lets a page sound only after somebody has touched it.
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, wake, { capture: true });
  wake();

  return {
    state,
    isSilent: () => state() !== "on",
    pausedMs: () => Math.max(0, pausedUntil - performance.now()),
    isAsking: () => isAsking,
    isUnheard: () => isUnheard,
    isCheckDue: () => clock.isKnown() && clock.now() - checkedAt > SHIFT_MS,
    isSounding: () => canPlay() && soundingPriority(store.state.alerts.values()) !== "",
    check() {
      isOff = false;
      isUnheard = false;
      wake();
      isAsking = true;
      audio?.resume().then(() => {
        for (const [priority, after] of Object.entries(CHECK_GAP_S)) play(priority, after);
        changed();
      }, () => null);
      changed();
    },
    heard(yes) {
      isAsking = false;
      isUnheard = !yes;
      if (yes) {
        checkedAt = clock.now();
        remember("checked", String(Math.round(checkedAt)));
      }
      tick();
    },
    pause() {
      pausedRank = RANKS[soundingPriority([...store.state.alerts.values()].filter(isLoud))] ?? 0;
      pausedUntil = performance.now() + PAUSE_MS;
      tick();
    },
    resume() {
      pausedUntil = 0;
      last = { priority: "", at: -Infinity };
      tick();
    },
    turn(on) {
      isOff = !on;
      if (on) wake();
      tick();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
