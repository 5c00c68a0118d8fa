// Reads a history of a session: its newest values at a time, and what it shows in sentences.
// Pure, like the timeline that draws it.

import { least, most, plain } from "./timeline.js";

// Return the newest value of each series at or before a time, for a cursor that keys can move.
export function valuesAt(history, at_ms) {
  const found = {};
  for (const [name, points] of Object.entries({ ...history.series, rate: history.rate ?? [] })) {
    const last = points.findLast(([t]) => t <= at_ms);
    if (last) found[name] = { v: last[1], t_ms: last[0] };
  }
  return found;
}

// Return what a history shows in plain sentences, for those who hear the page. `words` is the
// timeline's section, `clock` writes a time.
export function timelineSummary(history, { words, clock }) {
  const sentences = [];
  for (const [name, points] of Object.entries(history.series ?? {})) {
    if (points.length === 0) continue;
    const values = points.map((point) => point[1]);
    const [t_ms, value] = points[points.length - 1];
    sentences.push(words.series(words.names[name] ?? name, {
      value: plain(value), at: clock(t_ms), low: plain(least(values)), high: plain(most(values)),
      base: history.base?.[name] ?? null,
    }));
  }
  const rate = (history.rate ?? []).at(-1);
  sentences.push(rate ? words.rateNow(plain(rate[1]), clock(rate[0])) : words.rateNone);
  for (const band of history.bands ?? []) {
    const isOpen = band.to_ms === null || band.to_ms === undefined;
    sentences.push(words.band(band.grade, clock(band.from_ms), isOpen ? null : clock(band.to_ms)));
  }
  sentences.push(words.flagsCount((history.flags ?? []).length));
  return sentences.join(" ");
}
