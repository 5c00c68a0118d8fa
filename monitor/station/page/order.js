// Which alert comes before which, and when an order may change: never under a pointer.

import { stampMs } from "./clock.js";

const RANKS = { high: 0, medium: 1, low: 2, technical: 3, info: 4 };
const MOVE_MS = 10000;
const TOUCH_MS = 1500;
const LATELY_MS = 10 * 60000;

// Returns what an alert is shown as: a priority, or that it is technical, or only an advisory.
export function kindOf(alert) {
  if (alert.kind === "technical") return "technical";
  if (alert.kind === "advisory" || alert.priority === "info") return "info";
  return alert.priority in RANKS ? alert.priority : "info";
}

// Whether an alert is about the monitor itself: it stands at no bed.
export const isOwn = (alert) => alert.bed === "_";

// Whether an alert still asks for somebody. A latched one does: nobody has seen it.
export function isLoud(alert) {
  return alert.signal === "on" || alert.signal === "audio-paused" || alert.signal === "latched";
}

export function raisedMs(alert) {
  return stampMs(alert.raised) ?? stampMs(alert.onset) ?? 0;
}

// A technical alert of a higher priority comes before one of a lower priority.
const PRIORITIES = { high: 0, medium: 1, low: 2, info: 3 };

// Compares two alerts: unacknowledged first, then by priority, then the newest.
export function compareAlerts(one, other) {
  return (
    Number(isLoud(other)) - Number(isLoud(one)) ||
    RANKS[kindOf(one)] - RANKS[kindOf(other)] ||
    PRIORITIES[one.priority] - PRIORITIES[other.priority] ||
    raisedMs(other) - raisedMs(one) ||
    (one.id < other.id ? -1 : 1)
  );
}

// Returns the open alerts of every bed, the worst first.
export function alertsByBed(state) {
  const beds = new Map();
  for (const alert of state.alerts.values()) {
    if (!beds.has(alert.bed)) beds.set(alert.bed, []);
    beds.get(alert.bed).push(alert);
  }
  for (const alerts of beds.values()) alerts.sort(compareAlerts);
  return beds;
}

// Whether a bed is one of those that are looked after: somebody sits there, something calls, a device
// is there, or a value came lately. A bed whose name was mistyped once is none of these.
export function isStanding({ state, channels }, alerts, nowMs) {
  if (state.session || alerts?.length) return true;
  if ((state.devices ?? []).some((one) => one.state === "online")) return true;
  return [...channels.values()].some((one) => one.t !== null && nowMs - one.t < LATELY_MS);
}

// Bed 9 comes before bed 10, and both before bed a1.
const NAMES = new Intl.Collator("en", { numeric: true });
export const compareNames = (one, other) => NAMES.compare(one, other);

function isOwed(state) {
  return (state.vitals_due ?? []).some((due) => due.state === "late" || due.state === "overdue");
}

// Returns how soon somebody should look at a bed, the smallest first: who calls for a high and a
// medium alert, high ones that somebody has, technical ones, vital signs that are owed, grades.
export function acuity(entry, alerts) {
  const first = alerts[0];
  if (first) {
    const kind = kindOf(first);
    if (isLoud(first) && kind === "high") return 0;
    if (isLoud(first) && kind === "medium") return 1;
    if (alerts.some((alert) => kindOf(alert) === "high")) return 2;
    if (isLoud(first) && kind === "low") return 3;
    if (alerts.some((alert) => kindOf(alert) === "technical" && isLoud(alert))) return 4;
    if (kind !== "info") return 5;
  }
  if (isOwed(entry.state)) return 6;
  if (entry.state.grade) return 7;
  if (entry.state.grade === null && entry.state.session) return 8;
  return entry.state.session ? 9 : 10;
}

// Returns what tells when the order of a list may change: not while a pointer is over it or has
// just touched it, but at the latest after `limitMs`. Time is that of the machine, which only grows.
export function createHold(list, { limitMs = MOVE_MS, ticks = () => performance.now() } = {}) {
  let heldSince = null;
  let touchedAt = -Infinity;
  list.addEventListener("pointerenter", () => (heldSince = ticks()));
  list.addEventListener("pointermove", () => (heldSince ??= ticks()));
  list.addEventListener("pointerleave", () => (heldSince = null));
  list.addEventListener("pointerdown", () => (touchedAt = ticks()));
  return {
    isHeld() {
      if (ticks() - touchedAt < TOUCH_MS) return true;
      return heldSince !== null && (limitMs === null || ticks() - heldSince < limitMs);
    },
  };
}
