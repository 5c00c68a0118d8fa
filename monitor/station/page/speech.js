// What a screen reader is told: a new high alert at once, everything else one sentence in five
// seconds, numbers never.

import { isLoud, kindOf } from "./order.js";
import { words } from "./words.js";

const QUIET_MS = 5000;

export function createSpeech({ store, clock, alertRegion, statusRegion }) {
  const known = new Map();
  let waiting = [];
  let saidAt = -Infinity;
  let wasStale = null;

  function say(sentence) {
    waiting.push(sentence);
  }

  function flush() {
    const now = performance.now();
    if (waiting.length === 0 || now - saidAt < QUIET_MS) return;
    saidAt = now;
    const [first, ...rest] = waiting;
    waiting = [];
    statusRegion.textContent = rest.length ? `${first}. ${words.speech.many(rest.length)}` : first;
  }

  function take(alert) {
    const before = known.get(alert.id);
    const loud = isLoud(alert);
    const now = { loud, priority: alert.priority, by: alert.acked?.by ?? "" };
    known.set(alert.id, { ...now, bed: alert.bed });
    const rises = loud && (!before?.loud || before.priority !== alert.priority);
    if (rises && kindOf(alert) === "high") alertRegion.textContent = words.speech.high(alert.bed, alert.label);
    else if (rises) say(words.speech.raised(kindOf(alert), alert.bed, alert.label));
    else if (now.by && now.by !== before?.by) say(words.speech.acked(alert.bed, now.by));
  }

  function look() {
    const { alerts } = store.state;
    for (const alert of alerts.values()) take(alert);
    for (const [id, one] of known) {
      if (alerts.has(id)) continue;
      known.delete(id);
      say(words.speech.ended(one.bed));
    }
  }

  store.subscribe((change) => {
    if (change.kind === "alert" || change.kind === "hello" || change.kind === "gone") look();
    flush();
  });
  clock.onSecond(() => {
    const isStale = clock.isStale();
    if (wasStale !== null && wasStale !== isStale) say(isStale ? words.speech.stale : words.speech.live);
    wasStale = isStale;
    flush();
  });
  return {
    // Says something that a person asked for, at once.
    answer(sentence) {
      statusRegion.textContent = sentence;
      saidAt = performance.now();
    },
  };
}
