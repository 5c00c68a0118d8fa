// The timeline of the chair: asks for the history, adds what the stream brings since, and lets a
// slider read it aloud at any time.

import { get } from "./acts.js";
import { element, remember, remembered, setText } from "./dom.js";
import { nothing, section, select } from "./forms.js";
import { timelineSummary, valuesAt } from "./reading.js";
import { drawTimeline, flagsNumbered } from "./timeline.js";
import { minuteOfDay } from "./words.js";
import { typeset } from "./words_numbers.js";

const HOUR = 3_600_000;
const REFRESH_MS = 60_000;
const SOON_MS = 1500;
const REDRAW_MS = 5_000;
const RANGES = [0.5, 1, 2, 4, 12, 24];
const CHOSEN = "1";
const TELLING = new Set(["alert", "advice", "answer", "hello"]);

export function mount(root, { store, words, clock, bed }) {
  const said = words.timeline;
  const parts = figureOf(said);
  const node = section("timeline", said.title, parts.tools, element("div", { class: "chart" }, parts.figure, parts.beside));
  root.append(node);
  let history = null;
  let asked = -Infinity;
  let wantedAt = Infinity;
  let drawnAt = -Infinity;
  let cursor = null;
  let isGone = false;
  let question = 0;

  async function load() {
    asked = clock.now();
    wantedAt = Infinity;
    const mine = question += 1;
    const hours = Math.max(1, Number(parts.range.value));
    const { status, body } = await get(`/api/v1/beds/${encodeURIComponent(bed)}/history?hours=${hours}`);
    // Of two questions the answer to the later one counts, whichever comes last.
    if (isGone || mine !== question) return;
    if (status === 200) history = body;
    setText(parts.trouble, status === 200 ? "" : said.noHistory);
    listFlags();
    draw();
    if (status === 200) parts.canvas.dataset.hours = hours;
  }

  function listFlags() {
    const flags = flagsNumbered(history?.flags ?? []).reverse();
    parts.list.replaceChildren(...flags.map((flag) => element("li", { value: flag.n, "data-kind": flag.kind },
      element("span", { class: "flag-n" }, String(flag.n)), element("time", {}, minuteOfDay(flag.t_ms)), " ",
      typeset(flag.words), flag.by ? element("span", { class: "muted" }, ` ${said.by(flag.by)}`) : null)));
    if (flags.length === 0) parts.list.replaceChildren(nothing(said.noFlags));
  }

  function draw() {
    const { canvas } = parts;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!history || width === 0 || height === 0) return;
    drawnAt = clock.now();
    const to = Math.max(clock.now(), history.now_ms ?? 0);
    const shown = { ...history, now_ms: to };
    const from = to - Number(parts.range.value) * HOUR;
    const fontPx = parseFloat(getComputedStyle(canvas).fontSize);
    parts.drawn = drawTimeline(canvas, shown, {
      width, height, dpr: devicePixelRatio, fontPx, colours: coloursOf(canvas), words: said, clock: minuteOfDay,
      from_ms: Math.max(from, startOf(shown, from)), to_ms: to, cursor_ms: cursor,
    });
    const summary = timelineSummary(shown, { words: said, clock: minuteOfDay });
    setText(parts.summary, summary);
    canvas.setAttribute("aria-label", said.label(bed));
    parts.slider.min = String(parts.drawn.axis.from_ms);
    parts.slider.max = String(parts.drawn.axis.to_ms);
    if (cursor === null) parts.slider.value = parts.slider.max;
    canvas.dataset.drawn = JSON.stringify({ flags: parts.drawn.flags, rows: parts.drawn.rows });
  }

  function read(at_ms) {
    cursor = at_ms;
    const words_at = said.at(minuteOfDay(at_ms), valuesAt(history ?? { series: {} }, at_ms));
    setText(parts.readout, words_at);
    parts.slider.setAttribute("aria-valuetext", words_at);
    draw();
  }

  parts.slider.addEventListener("input", () => read(Number(parts.slider.value)));
  parts.canvas.addEventListener("pointermove", (event) => {
    if (!parts.drawn) return;
    const { left, right, from_ms, to_ms } = parts.drawn.axis;
    const share = Math.min(1, Math.max(0, (event.offsetX - left) / (right - left)));
    read(from_ms + share * (to_ms - from_ms));
  });
  parts.canvas.addEventListener("pointerleave", () => { cursor = null; setText(parts.readout, said.readHint); draw(); });
  parts.range.value = RANGES.map(String).includes(remembered("range")) ? remembered("range") : CHOSEN;
  parts.range.addEventListener("change", () => { remember("range", parts.range.value); load(); });
  const stop = store.subscribe((change) => {
    if (TELLING.has(change.kind) && (change.bed === bed || change.kind === "hello")) {
      // The change that came first decides, so that a flood of them cannot put it off for ever.
      wantedAt = Math.min(wantedAt, clock.now() + SOON_MS);
    }
    if (change.kind === "v" && change.beds?.includes(bed) && history) extend(history, store.state.beds.get(bed));
  });
  const watcher = new ResizeObserver(draw);
  watcher.observe(parts.canvas);
  const themes = new MutationObserver(draw);
  themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });

  function update() {
    const now = clock.now();
    if (!clock.isKnown()) return;
    if (now >= wantedAt || now - asked > REFRESH_MS) load();
    else if (now - drawnAt > REDRAW_MS) draw();
  }

  load();
  return { update, unmount() { isGone = true; stop(); watcher.disconnect(); themes.disconnect(); node.remove(); } };
}

function figureOf(said) {
  const parts = {
    canvas: element("canvas", { class: "timeline", role: "img" }),
    range: select("range", RANGES.map((hours) => [String(hours), said.range(hours)])),
    slider: element("input", { type: "range", class: "reader", step: 15_000, "aria-label": said.read }),
    readout: element("p", { class: "readout" }, said.readHint),
    summary: element("p", {}),
    trouble: element("p", { class: "lost" }),
    list: element("ol", { class: "flags", reversed: true, tabindex: "0", "aria-label": said.flags }),
    drawn: null,
  };
  parts.tools = element("div", { class: "row-of" }, element("label", {}, said.show, " ", parts.range));
  parts.figure = element("figure", {}, parts.canvas, parts.slider, parts.readout, parts.trouble,
    element("details", {}, element("summary", {}, said.inWords), parts.summary));
  parts.beside = parts.list;
  return parts;
}

// What the stream has brought since the history was asked for.
function extend(history, entry) {
  for (const [name, channel] of entry?.channels ?? []) {
    const points = (history.series[name] ??= []);
    const last = points.at(-1)?.[0] ?? -Infinity;
    if (channel.t !== null && channel.v !== null && channel.t > last) points.push([channel.t, channel.v]);
  }
}

// A session that is younger than the range fills the width.
function startOf(history, from) {
  const firsts = Object.values(history.series ?? {}).filter((points) => points.length).map((points) => points[0][0]);
  for (const flag of history.flags ?? []) firsts.push(flag.t_ms);
  return firsts.length ? Math.max(from, Math.min(...firsts)) : from;
}

// The colours of the theme that is in force, from the tokens of the style sheet.
export function coloursOf(node) {
  const style = getComputedStyle(node);
  const token = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: token("panel"), text: token("text"), muted: token("muted"), grid: token("line"), hr: token("hr"),
    sbp: token("bp"), bp_low: token("muted"), spo2: token("spo2"), temp: token("temp"), rr: token("rr"),
    rate: token("rate"), rate_text: token("muted"), limit: token("edge"),
    grades: [token("muted"), token("low-edge"), token("medium-edge"), token("high-edge"), token("high-edge")],
  };
}
