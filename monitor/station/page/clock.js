// The time of the server, whatever this machine's clock says, and the one clock that flashes.

const FLASH_MS = 250;
const HIGH_TICKS = 1; // 250 ms bright, 250 ms dark: 2 Hz
const MEDIUM_TICKS = 4; // 0.5 Hz
const SECOND_TICKS = 4;
const BEND_MS = 25; // so much a beat may be moved: the flash stays between 1.8 and 2.2 Hz
const REST_MS = 30;
const SAMPLES = 16;
const STEP_MS = 5000;
export const STALE_MS = 5000;

// Returns milliseconds of a stamp of the wire (ISO 8601, UTC), or null where there is none.
export function stampMs(text) {
  const at = typeof text === "number" ? text : Date.parse(text ?? "");
  return Number.isFinite(at) ? at : null;
}

// Returns the clock of a page. `ticks` are milliseconds that only ever grow (performance.now).
export function createClock(ticks = () => performance.now(), root = document.documentElement) {
  let offsets = [];
  let offset = null;
  let heardAt = ticks();
  let tick = 0;
  const wanted = { high: false, medium: false };
  const eachSecond = new Set();
  const eachBeat = new Set();

  // A stamp is late by the time it travelled, so the largest of the last offsets is the best one;
  // a server whose clock was set is believed at once.
  function heard(nowMs) {
    heardAt = ticks();
    if (!Number.isFinite(nowMs)) return;
    const sample = nowMs - heardAt;
    if (offset !== null && Math.abs(sample - offset) > STEP_MS) offsets = [];
    offsets.push(sample);
    if (offsets.length > SAMPLES) offsets.shift();
    offset = Math.max(...offsets);
  }

  // Who asked for less motion gets a steady border instead (style.css), and no flash at all.
  const stillness = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");

  // Numbers come in a rhythm of their own and are shown with the beat. The beat bends towards them,
  // so that they wait little and the page is painted four times a second and not eight.
  let cameAt = -Infinity;
  function untilNextMs() {
    let late = ticks() - cameAt - REST_MS;
    if (late > FLASH_MS) return FLASH_MS;
    if (late > FLASH_MS / 2) late -= FLASH_MS;
    return FLASH_MS - Math.max(-BEND_MS, Math.min(BEND_MS, late));
  }

  function beat() {
    tick += 1;
    const moves = !stillness?.matches;
    // Classes are only touched while something flashes: a style change costs every tile.
    root.classList.toggle("flash-high", moves && wanted.high && Math.floor(tick / HIGH_TICKS) % 2 === 1);
    root.classList.toggle("flash-medium", moves && wanted.medium && Math.floor(tick / MEDIUM_TICKS) % 2 === 1);
    if (tick % SECOND_TICKS === 0) for (const call of eachSecond) call();
    for (const call of eachBeat) call();
  }

  let dueAt = ticks() + FLASH_MS;
  let timer = setTimeout(keepTime, FLASH_MS);
  function keepTime() {
    const nextMs = untilNextMs();
    cameAt = -Infinity;
    // A page that was asleep begins anew and does not make up for its beats.
    dueAt = ticks() - dueAt > FLASH_MS ? ticks() + nextMs : dueAt + nextMs;
    timer = setTimeout(keepTime, Math.max(0, dueAt - ticks()));
    beat();
  }

  return {
    heard,
    // Whether any stamp of the server is known; before that no age can be told.
    isKnown: () => offset !== null,
    // The server's time now, in milliseconds; 0 before the first stamp.
    now: () => (offset === null ? 0 : offset + ticks()),
    // How long ago the server was last heard.
    silentMs: () => ticks() - heardAt,
    isStale: () => offset === null || ticks() - heardAt > STALE_MS,
    // What flashes at present; all of it flashes together.
    setFlashing(high, medium) {
      wanted.high = high;
      wanted.medium = medium;
    },
    // Says that numbers have come, which the next beat shows.
    numbersCame() {
      if (cameAt === -Infinity) cameAt = ticks();
    },
    onBeat(call) {
      eachBeat.add(call);
      return () => eachBeat.delete(call);
    },
    onSecond(call) {
      eachSecond.add(call);
      return () => eachSecond.delete(call);
    },
    stop: () => clearTimeout(timer),
  };
}
