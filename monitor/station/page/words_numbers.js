// Times, lengths and numbers as this page writes them.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const LANGUAGE = "en-GB";
const CLOCK = new Intl.DateTimeFormat(LANGUAGE, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const MINUTES = new Intl.DateTimeFormat(LANGUAGE, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const MINUS = "\u2212";

// Time of day on this screen: 13:46:57, and 13:46.
export const timeOfDay = (ms) => CLOCK.format(new Date(ms));
export const minuteOfDay = (ms) => MINUTES.format(new Date(ms));

// A running length: 0:47, 12:05, 1 h 05.
export function running(ms) {
  const whole = Math.max(0, Math.floor(ms / SECOND));
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${String(Math.floor(whole / 60) % 60).padStart(2, "0")}`;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

// A length in one unit, short: 40 s, 12 m, 3 h.
export function short(ms) {
  const length = Math.max(0, ms);
  if (length < MINUTE) return `${Math.floor(length / SECOND)} s`;
  if (length < HOUR) return `${Math.floor(length / MINUTE)} m`;
  return `${Math.floor(length / HOUR)} h`;
}

// A length in one unit, spoken: 40 seconds, 12 minutes.
export function spoken(ms) {
  const length = Math.max(0, ms);
  const say = (count, unit) => `${count} ${unit}${count === 1 ? "" : "s"}`;
  if (length < MINUTE) return say(Math.floor(length / SECOND), "second");
  if (length < HOUR) return say(Math.floor(length / MINUTE), "minute");
  return say(Math.floor(length / HOUR), "hour");
}

// A number with a sign that reads well: +34, −40.
export const signed = (value) => `${value > 0 ? "+" : value < 0 ? MINUS : "\u00b1"}${Math.abs(value)}`;

// A time of day that is not of today says its day: Tue 15:44.
const DAY = new Intl.DateTimeFormat(LANGUAGE, { weekday: "short" });
const DATE = new Intl.DateTimeFormat(LANGUAGE, { year: "numeric", month: "numeric", day: "numeric" });
export function dayAndMinute(ms, nowMs) {
  const isToday = DATE.format(new Date(ms)) === DATE.format(new Date(nowMs));
  return isToday ? minuteOfDay(ms) : `${DAY.format(new Date(ms))} ${minuteOfDay(ms)}`;
}

// The day and the time of what is kept on paper: Sunday 22 November 2026, 13:45:57.
const LONG_DAY = new Intl.DateTimeFormat(LANGUAGE, { weekday: "long", year: "numeric", month: "long", day: "numeric" });
export const dayAndTime = (ms) => `${LONG_DAY.format(new Date(ms)).replace(",", "")}, ${timeOfDay(ms)}`;

// Comparisons and changes as people write them: SBP 70 ≤ 70, grade 2 → 1.
const SIGNS = { "<=": "\u2264", ">=": "\u2265", "->": "\u2192" };
export const typeset = (text) => String(text ?? "").replaceAll(/<=|>=|->/gu, (sign) => SIGNS[sign]);
