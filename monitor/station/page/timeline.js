// Draws one session over time: heart rate, pressure, saturation, breaths and temperature as rows
// over the filled staircase of the infusion rate, all on one time axis.
//
// Pure drawing: it fetches nothing, reads no clock, touches only the canvas it is given and imports
// nothing, so a report can carry it as it is. Colours, words and the writing of times come from
// whoever calls.

const ROWS = [
  { key: "hr", series: ["hr"], share: 3, least: 24 },
  { key: "bp", series: ["sbp", "map", "dbp"], share: 4, least: 40 },
  { key: "spo2", series: ["spo2"], share: 2.4, least: 6 },
  { key: "rr", series: ["rr"], share: 1.8, least: 8 },
  { key: "temp", series: ["temp"], share: 1.8, least: 1.2 },
  { key: "rate", series: [], share: 2, least: 20 },
];
const MINUTE = 60_000;
// Readings further apart than this are single measurements: they are dots, never a line; a line is
// broken where so many usual distances between readings are missing.
export const SPOT_MS = 90_000;
const GAP = 4;
const TICKS_MIN = [1, 2, 5, 10, 15, 30, 60, 120, 240, 480];
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25, 50, 100, 200, 500];
const BAND_ALPHA = [0.08, 0.1, 0.16, 0.24, 0.32];
const LANES = 3;
const SIDES = { below: "<", above: ">" };

// Draw a history and return what was drawn: the numbered flags with their boxes, the rows with
// their frames, and the time axis. `options` has width, height, dpr, fontPx, colours, words,
// clock(ms) and may have from_ms, to_ms and cursor_ms.
export function drawTimeline(canvas, history, options) {
  const view = viewOf(history, options);
  const brush = canvas.getContext("2d");
  canvas.width = Math.round(view.width * view.dpr);
  canvas.height = Math.round(view.height * view.dpr);
  brush.setTransform(view.dpr, 0, 0, view.dpr, 0, 0);
  brush.clearRect(0, 0, view.width, view.height);
  brush.font = `${view.font}px ${view.family}`;
  brush.textBaseline = "middle";
  const flags = flagsPlaced(history, view);
  const rows = rowsPlaced(history, view, flags.height);
  drawBands(brush, history.bands ?? [], view, rows);
  drawAxis(brush, view, rows);
  for (const row of rows) drawRow(brush, history, view, row);
  drawFlags(brush, flags.marks, view, rows);
  if (view.cursor !== null) upright(brush, view, rows, view.x(view.cursor), view.colours.text, 1, []);
  return {
    flags: flags.marks.map(({ x, y, size, width, first, last, t_ms }) =>
      ({ first, last, t_ms, x: x - width / 2, y, width, height: size })),
    rows: rows.map(({ key, top, bottom, low, high, drawn }) => ({ key, top, bottom, low, high, drawn })),
    axis: { left: view.left, right: view.right, from_ms: view.from, to_ms: view.to },
  };
}

// Return flags in order of time, each with the number under which it is drawn and listed.
export function flagsNumbered(flags) {
  return [...flags].sort((one, other) => one.t_ms - other.t_ms).map((flag, at) => ({ ...flag, n: at + 1 }));
}

function viewOf(history, options) {
  const font = options.fontPx ?? 12;
  const [from, to] = spanOf(history, options);
  const left = font * 3.4;
  const right = options.width - font * 3.6;
  return {
    width: options.width, height: options.height, dpr: options.dpr ?? 1, font, left, right, from, to,
    family: options.family ?? "system-ui, sans-serif", colours: options.colours,
    words: options.words, clock: options.clock, cursor: options.cursor_ms ?? null,
    x: (t_ms) => left + ((t_ms - from) / (to - from)) * (right - left),
  };
}

function spanOf(history, options) {
  const times = [...Object.values(history.series ?? {}), history.rate ?? []].flatMap((points) =>
    points.length ? [points[0][0], points[points.length - 1][0]] : []);
  times.push(...(history.flags ?? []).map((flag) => flag.t_ms));
  const to = options.to_ms ?? history.now_ms ?? (times.length ? most(times) : 0);
  const from = options.from_ms ?? (times.length ? least(times) : to - 60 * MINUTE);
  return [Math.min(from, to - 5 * MINUTE), to];
}

// Numbers stand in three lanes and give way to each other a little to the right; what still finds
// no place joins its neighbour ("4-6").
function flagsPlaced({ flags = [], bands = [] }, view) {
  const size = view.font * 1.3;
  const marks = [];
  const ends = Array(LANES).fill(-Infinity);
  for (const { n, t_ms, kind } of flagsNumbered(flags)) {
    if (t_ms < view.from || t_ms > view.to) continue;
    const x = view.x(t_ms);
    const width = view.font * (0.75 + 0.62 * String(n).length);
    const lane = ends.findIndex((end) => x - width / 2 > end + 1);
    const before = marks[marks.length - 1];
    const free = lane < 0 ? ends.indexOf(least(ends)) : lane;
    const moved = Math.max(x, ends[free] + 2 + width / 2);
    if (moved - x > 3 * view.font || moved + width / 2 > view.width) {
      join(before, n, kind, view, ends);
      continue;
    }
    const y = free * (size + 2) + 1;
    marks.push({ first: n, last: n, kinds: [kind], t_ms, x: moved, lane: free, width, size, y });
    ends[free] = moved + width / 2;
  }
  // Lanes in which nothing stands take no room from the rows.
  const lanes = marks.reduce((count, mark) => Math.max(count, mark.lane + 1), 0);
  return { marks, height: lanes * (size + 2) + (lanes || bands.length ? view.font * 1.5 : 0) };
}

function join(mark, n, kind, view, ends) {
  mark.last = n;
  mark.kinds.push(kind);
  const right = mark.x - mark.width / 2;
  mark.width = view.font * (1.1 + 0.62 * (String(mark.first).length + String(mark.last).length));
  mark.x = right + mark.width / 2;
  ends[mark.lane] = right + mark.width;
}

function rowsPlaced(history, view, top) {
  const bottom = view.height - view.font * 1.9;
  const shares = ROWS.reduce((sum, row) => sum + row.share, 0);
  const gap = view.font * 0.7;
  const free = bottom - top - gap * ROWS.length;
  let y = top + gap;
  return ROWS.map((row) => {
    const height = (free * row.share) / shares;
    const placed = { ...row, top: y, bottom: y + height, drawn: [] };
    y += height + gap;
    [placed.low, placed.high] = row.key === "rate" ? rateRange(history) : rangeOf(history, row, view);
    placed.y = (v) => placed.bottom - ((v - placed.low) / (placed.high - placed.low)) * (placed.bottom - placed.top);
    return placed;
  });
}

// The range of a row holds its values, its baseline and the nearest limit on either side.
function rangeOf(history, row, view) {
  const values = [];
  for (const name of row.series) {
    const points = pointsOf(history, name, view);
    for (const point of points) values.push(point[1]);
    const base = history.base?.[name];
    if (base !== undefined && base !== null) values.push(base);
    const middle = base ?? points.at(-1)?.[1];
    if (middle === undefined || middle === null) continue;
    const limits = limitsOf(history, name, view).map((limit) => limit.value);
    values.push(...limits.filter((value) => value < middle).sort((one, other) => other - one).slice(0, 1));
    values.push(...limits.filter((value) => value > middle).sort((one, other) => one - other).slice(0, 1));
  }
  if (values.length === 0) return [0, 1];
  let [low, high] = [least(values), most(values)];
  const lacking = Math.max(0, row.least - (high - low)) / 2;
  low -= lacking + (high - low) * 0.06;
  high += lacking + (high - low) * 0.06;
  return row.key === "spo2" ? [low, Math.min(high, 100.6)] : [low, high];
}

const rateRange = (history) => [0, most([20, ...(history.rate ?? []).map((point) => point[1] * 1.15)])];
const pointsOf = (history, name, view) => (history.series?.[name] ?? []).filter(([t]) => t >= view.from && t <= view.to);
// A limit may have been in force for a part of the time only: those of other parts are left out.
const limitsOf = (history, name, view) => (history.limits?.[name] ?? [])
  .map(([, value, side, since, until]) => (
    { value, side: SIDES[side] ?? side, from: Math.max(since ?? view.from, view.from), to: Math.min(until ?? view.to, view.to) }))
  .filter((limit) => limit.from < limit.to);

function drawBands(brush, bands, view, rows) {
  const [top, bottom] = [rows[0].top, rows.at(-1).bottom];
  for (const band of bands) {
    const [from, to] = [Math.max(view.left, view.x(band.from_ms)), Math.min(view.right, view.x(band.to_ms ?? view.to))];
    if (to <= from) continue;
    const grade = Math.max(0, Math.min(4, band.grade ?? 0));
    brush.fillStyle = view.colours.grades[grade];
    brush.globalAlpha = BAND_ALPHA[grade];
    brush.fillRect(from, top, to - from, bottom - top);
    brush.globalAlpha = 1;
    // The thickness of the bar above a band says its grade without colour.
    brush.fillRect(from, top - 1 - grade, to - from, 1 + grade);
    const words = gradeOf(band);
    if (to - from < brush.measureText(words).width + 4) continue;
    text(brush, words, from + 2, top - view.font * 0.9, view.colours.text);
  }
}

function drawAxis(brush, view, rows) {
  const span = (view.to - view.from) / MINUTE;
  const room = (view.right - view.left) / (view.font * 4.2);
  const step = (TICKS_MIN.find((minutes) => span / minutes <= room) ?? 720) * MINUTE;
  brush.textAlign = "center";
  for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
    upright(brush, view, rows, view.x(t), view.colours.grid, 1, []);
    text(brush, view.clock(t), view.x(t), rows.at(-1).bottom + view.font * 1.1, view.colours.muted);
  }
  brush.textAlign = "left";
}

const upright = (brush, view, rows, x, colour, width, dash) =>
  line(brush, [[x, rows[0].top], [x, rows[rows.length - 1].bottom]], colour, width, dash);

function drawRow(brush, history, view, row) {
  line(brush, [[view.left, row.bottom], [view.right, row.bottom]], view.colours.grid, 1, []);
  if (row.key === "rate") drawRate(brush, history, view, row);
  else drawSeries(brush, history, view, row);
  brush.textAlign = "right";
  // A row without values has no scale: its ends would be made up.
  const ticks = row.drawn.includes("values") ? ticksOf(row) : [];
  for (const tick of ticks) text(brush, plain(tick), view.left - 5, within(row, row.y(tick), view), view.colours.muted);
  brush.textAlign = "left";
  const [name, unit, mean] = view.words.rows[row.key];
  const sign = row.drawn.includes("dots:map") ? `   \u2013 ${mean}` : row.drawn.includes("line:map") ? `   -- ${mean}` : "";
  const label = row.drawn.includes("values") ? `${name} ${unit}${sign}` : `${name}: ${view.words.no_values}`;
  const colour = view.colours[row.key === "bp" ? "sbp" : row.key];
  // The label keeps its own ground, so that a line under it never makes it unreadable.
  brush.fillStyle = view.colours.ground;
  brush.globalAlpha = 0.75;
  const y = row.key === "spo2" ? row.bottom - view.font * 0.7 : row.top + view.font * 0.65;
  brush.fillRect(view.left + 1, y - view.font * 0.65, brush.measureText(label).width + 6, view.font * 1.3);
  brush.globalAlpha = 1;
  text(brush, label, view.left + 4, y, colour);
}

// Words at the edge of a row stay in it: those of its neighbour stand there too.
const within = (row, y, view) => Math.max(row.top + view.font * 0.35, Math.min(row.bottom - view.font * 0.35, y));

function ticksOf(row) {
  const room = Math.max(1, Math.floor((row.bottom - row.top) / 24));
  const step = STEPS.find((size) => (row.high - row.low) / size <= room + 0.5) ?? 1000;
  const ticks = [];
  for (let at = Math.ceil(row.low / step - 1e-9); at * step <= row.high; at += 1) ticks.push(at * step);
  return ticks;
}

function drawSeries(brush, history, view, row) {
  const lead = row.series[0];
  drawLimits(brush, history, view, row, lead);
  const base = history.base?.[lead];
  if (base !== undefined && base !== null) {
    line(brush, [[view.left, row.y(base)], [view.right, row.y(base)]], view.colours[lead], 1.2, [1.5, 4]);
    row.drawn.push("baseline");
  }
  drawDoubtful(brush, history, view, row);
  if (row.key === "bp") drawSpans(brush, history, view, row);
  for (const name of row.series) {
    const points = pointsOf(history, name, view);
    if (points.length === 0) continue;
    row.drawn.push("values");
    const colour = view.colours[name === "map" ? "sbp" : name === "dbp" ? "bp_low" : name];
    const spots = isSpot(history, points);
    // A mean pressure is no third dot: it is a tick across the bar of its cuff, or a line of strokes.
    if (spots && name === "map") for (const [t, v] of points) line(brush, [[view.x(t) - 4.5, row.y(v)], [view.x(t) + 4.5, row.y(v)]], colour, 2, []);
    else if (spots) dots(brush, points, view, row, colour, 3);
    else lines(brush, points, gapOf(points), view, row, colour, name === lead ? 1.8 : 1, name === "map" ? [3, 1.5] : []);
    row.drawn.push(spots ? `dots:${name}` : `line:${name}`);
    if (name === lead) drawLast(brush, points[points.length - 1], view, row, colour);
  }
}

function drawLimits(brush, history, view, row, name) {
  const taken = pointsOf(history, name, view).slice(-1).map(([, v]) => lastY(row, v));
  for (const limit of limitsOf(history, name, view)) {
    if (limit.value < row.low || limit.value > row.high) continue;
    const y = row.y(limit.value);
    line(brush, [[view.x(limit.from), y], [view.x(limit.to), y]], view.colours.limit, 1, [6, 4]);
    row.drawn.push("limit");
    if (limit.to < view.to) continue;
    const free = [0, -0.8, 0.8].map((shift) => within(row, y + shift * view.font, view)).find((at) =>
      taken.every((other) => Math.abs(other - at) >= view.font * 1.1));
    if (free === undefined) continue;
    taken.push(free);
    text(brush, `${limit.side}${plain(limit.value)}`, view.right + 4, free, view.colours.limit);
  }
}

// Readings as they were sent are light; those that were rejected are grey crosses.
function drawDoubtful(brush, history, view, row) {
  for (const name of row.series) {
    brush.globalAlpha = 0.4;
    dots(brush, history.raw?.[name] ?? [], view, row, view.colours[name] ?? view.colours.muted, 1.2);
    brush.globalAlpha = 1;
    for (const [t, v] of history.rejected?.[name] ?? []) {
      const x = view.x(t);
      const y = Math.max(row.top, Math.min(row.bottom, row.y(v)));
      line(brush, [[x - 3, y - 3], [x + 3, y + 3]], view.colours.muted, 1.2, []);
      line(brush, [[x - 3, y + 3], [x + 3, y - 3]], view.colours.muted, 1.2, []);
      row.drawn.push(`rejected:${name}`);
    }
  }
}

// A cuff gives both pressures at once: a thin bar joins them.
function drawSpans(brush, history, view, row) {
  const points = pointsOf(history, "sbp", view);
  if (!isSpot(history, points)) return;
  const low = new Map(history.series?.dbp ?? []);
  for (const [t, v] of points) {
    if (low.has(t)) line(brush, [[view.x(t), row.y(v)], [view.x(t), row.y(low.get(t))]], view.colours.bp_low, 1, []);
  }
}

function drawRate(brush, history, view, row) {
  const points = history.rate ?? [];
  const corners = [];
  points.forEach(([t, v], at) => {
    const until = Math.min(view.to, points[at + 1]?.[0] ?? view.to);
    if (until < view.from) return;
    corners.push([view.x(Math.max(t, view.from)), row.y(v)], [view.x(until), row.y(v)]);
  });
  if (corners.length === 0) return;
  row.drawn.push("values");
  brush.fillStyle = view.colours.rate;
  brush.globalAlpha = 0.3;
  brush.beginPath();
  brush.moveTo(corners[0][0], row.bottom);
  for (const [x, y] of [...corners, [corners.at(-1)[0], row.bottom]]) brush.lineTo(x, y);
  brush.fill();
  brush.globalAlpha = 1;
  line(brush, corners, view.colours.rate, 1.6, []);
  drawLast(brush, points[points.length - 1], view, row, view.colours.rate_text);
}

function drawFlags(brush, marks, view, rows) {
  for (const mark of marks) {
    const alarm = mark.kinds.includes("alert");
    const foot = Math.min(mark.x + mark.width / 2, Math.max(mark.x - mark.width / 2, view.x(mark.t_ms)));
    const path = [[foot, mark.y + mark.size], [view.x(mark.t_ms), rows[0].top], [view.x(mark.t_ms), rows.at(-1).bottom]];
    line(brush, path, view.colours.muted, alarm ? 1.4 : 0.8, alarm ? [] : [2, 3]);
  }
  brush.textAlign = "center";
  brush.setLineDash([]);
  brush.lineWidth = 1;
  for (const mark of marks) {
    const words = mark.first === mark.last ? String(mark.first) : `${mark.first}-${mark.last}`;
    const alarm = mark.kinds.includes("alert");
    brush.fillStyle = alarm ? view.colours.text : view.colours.ground;
    const box = [mark.x - mark.width / 2 + 0.5, mark.y + 0.5, mark.width - 1, mark.size - 1];
    brush.fillRect(...box);
    brush.strokeStyle = view.colours.text;
    brush.strokeRect(...box);
    text(brush, words, mark.x, mark.y + mark.size / 2 + 0.5, alarm ? view.colours.ground : view.colours.text);
  }
  brush.textAlign = "left";
}

function drawLast(brush, [, value], view, row, colour) {
  const y = lastY(row, value);
  const words = plain(value);
  brush.font = `bold ${view.font * 1.05}px ${view.family}`;
  brush.fillStyle = view.colours.ground;
  brush.fillRect(view.right + 2, y - view.font * 0.65, brush.measureText(words).width + 4, view.font * 1.3);
  text(brush, words, view.right + 4, y, colour);
  brush.font = `${view.font}px ${view.family}`;
}

const lastY = (row, value) => Math.max(row.top + 4, Math.min(row.bottom - 4, row.y(value)));

function lines(brush, points, apart, view, row, colour, width, dash) {
  let run = [];
  points.forEach(([t, v], at) => {
    if (at > 0 && t - points[at - 1][0] > Math.max(GAP * apart, MINUTE)) {
      line(brush, run, colour, width, dash);
      run = [];
    }
    run.push([view.x(t), row.y(v)]);
  });
  if (run.length === 1) spot(brush, run[0][0], run[0][1], width, colour);
  line(brush, run, colour, width, dash);
}

const dots = (brush, points, view, row, colour, size) =>
  points.forEach(([t, v]) => spot(brush, view.x(t), row.y(v), size, colour));

function spot(brush, x, y, size, colour) {
  brush.fillStyle = colour;
  brush.beginPath();
  brush.arc(x, y, size, 0, Math.PI * 2);
  brush.fill();
}

function line(brush, points, colour, width, dash) {
  if (points.length < 2) return;
  brush.strokeStyle = colour;
  brush.lineWidth = width;
  brush.setLineDash(dash);
  brush.beginPath();
  points.forEach(([x, y], at) => (at === 0 ? brush.moveTo(x, y) : brush.lineTo(x, y)));
  brush.stroke();
}

function text(brush, words, x, y, colour) {
  brush.fillStyle = colour;
  brush.fillText(words, x, y);
}

// The mean distance of readings: a burst of cuff pressures makes no running line of them.
const gapOf = (points) =>
  (points.length > 1 ? (points[points.length - 1][0] - points[0][0]) / (points.length - 1) : Infinity);
// Where a long history was thinned, all readings lie apart; single ones lie further than the rest.
const isSpot = (history, points) =>
  gapOf(points) > Math.max(SPOT_MS, 1.8 * least(Object.values(history.series).map(gapOf)));

export const gradeOf = (band) => `G${band.grade ?? "?"}`;
export const plain = (value) => String(Math.round(value * 10) / 10);
export const least = (values) => values.reduce((one, other) => Math.min(one, other), Infinity);
export const most = (values) => values.reduce((one, other) => Math.max(one, other), -Infinity);
