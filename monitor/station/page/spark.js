// The sparkline of a tile: heart rate, pressure and saturation of the last hour over the rate
// staircase. Sixty of them are kept at once, so readings fall into buckets of half a minute and a
// line is drawn again only when a bucket is full, the size has changed or the theme has.

const BUCKETS = 120;
const BUCKET_MS = 30_000;
const LINES = ["hr", "sbp", "spo2"];
// Heart rate and pressure share one scale, saturation has its own above them.
const RANGE = { hr: [40, 180], sbp: [40, 180], spo2: [80, 100] };
const WIDTH = { hr: 1.3, sbp: 1.3, spo2: 1.1 };
// Pressures that are further apart than this come from a cuff: dots, never a line.
const SPOT_BUCKETS = 3;

// Return the memory of one tile's sparkline: `add` readings, `rate` steps, `seed` with a history,
// `draw` when told. `draw` returns whether it had anything new to draw.
export function makeSpark() {
  const values = Object.fromEntries(LINES.map((name) => [name, new Float32Array(BUCKETS).fill(NaN)]));
  const rates = new Float32Array(BUCKETS).fill(NaN);
  let newest = -1;
  let drawn = "";
  let lastRate = NaN;

  function place(t_ms) {
    const bucket = Math.floor(t_ms / BUCKET_MS);
    if (newest < 0) newest = bucket;
    if (bucket <= newest - BUCKETS) return -1;
    while (newest < bucket) {
      newest += 1;
      if (bucket - newest >= BUCKETS) continue;
      const at = newest % BUCKETS;
      for (const name of LINES) values[name][at] = NaN;
      rates[at] = lastRate;
    }
    return bucket % BUCKETS;
  }

  function add(name, t_ms, value) {
    const row = values[name];
    if (!row || !Number.isFinite(t_ms) || !Number.isFinite(value)) return;
    const at = place(t_ms);
    if (at >= 0) row[at] = value;
  }

  function rate(t_ms, value) {
    const at = place(t_ms);
    lastRate = Number.isFinite(value) ? value : NaN;
    if (at < 0) return;
    for (let bucket = Math.floor(t_ms / BUCKET_MS); bucket <= newest; bucket += 1) rates[bucket % BUCKETS] = lastRate;
  }

  function seed(history) {
    forget();
    const steps = history.rate ?? [];
    const times = [...LINES.flatMap((name) => (history.series?.[name] ?? []).map((point) => point[0])), history.now_ms];
    place(times.reduce((one, other) => Math.max(one, other ?? 0), 0));
    for (const name of LINES) for (const [t, v] of history.series?.[name] ?? []) add(name, t, v);
    const oldest = (newest - BUCKETS + 1) * BUCKET_MS;
    for (const [t, v] of steps) rate(Math.max(t, oldest), v);
  }

  function forget() {
    for (const name of LINES) values[name].fill(NaN);
    rates.fill(NaN);
    newest = -1;
    lastRate = NaN;
    drawn = "";
  }

  // `colours` is {hr, sbp, spo2, rate, name}, width and height are CSS pixels.
  function draw(canvas, now_ms, colours, { width, height, dpr = 1 }) {
    if (newest < 0) return false;
    place(now_ms);
    const key = `${newest} ${width} ${height} ${dpr} ${colours.name ?? colours.hr}`;
    if (key === drawn) return false;
    drawn = key;
    const brush = brushOf(canvas, width, height, dpr);
    const first = newest - BUCKETS + 1;
    drawRates(brush, rates, first, colours.rate, width, height);
    for (const name of LINES) drawLine(brush, values[name], first, { name, colour: colours[name], width, height });
    return true;
  }

  return { add, rate, seed, forget, draw };
}

function brushOf(canvas, width, height, dpr) {
  const brush = canvas.getContext("2d");
  const wide = Math.round(width * dpr);
  const high = Math.round(height * dpr);
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  brush.setTransform(dpr, 0, 0, dpr, 0, 0);
  brush.clearRect(0, 0, width, height);
  return brush;
}

function drawRates(brush, rates, first, colour, width, height) {
  let highest = 0;
  for (const value of rates) if (value > highest) highest = value;
  if (!(highest > 0)) return;
  const step = width / BUCKETS;
  const valueAt = (at) => rates[(first + at + BUCKETS) % BUCKETS];
  brush.fillStyle = colour;
  brush.globalAlpha = 0.35;
  // One box for each rate, however long it was kept: boxes side by side would show their seams.
  for (let from = 0, to = 0; from < BUCKETS; from = to) {
    const value = valueAt(from);
    for (to = from + 1; to < BUCKETS && valueAt(to) === value; ) to += 1;
    const tall = (value / highest) * height * 0.55;
    if (value > 0) brush.fillRect(from * step, height - tall, (to - from) * step, tall);
  }
  brush.globalAlpha = 1;
}

function drawLine(brush, row, first, { name, colour, width, height }) {
  const [low, high] = RANGE[name];
  const top = name === "spo2" ? 0 : height * 0.22;
  const tall = name === "spo2" ? height * 0.3 : height * 0.78;
  const step = width / (BUCKETS - 1);
  brush.strokeStyle = brush.fillStyle = colour;
  brush.lineWidth = WIDTH[name];
  brush.beginPath();
  const isSpot = name === "sbp" && isSparse(row, first);
  let last = -Infinity;
  for (let at = 0; at < BUCKETS; at += 1) {
    const value = row[(first + at + BUCKETS) % BUCKETS];
    if (Number.isNaN(value)) continue;
    const x = at * step;
    const y = top + tall - 1 - ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * (tall - 2);
    if (isSpot) brush.fillRect(x - 1.2, y - 1.2, 2.4, 2.4);
    else if (at - last <= SPOT_BUCKETS) brush.lineTo(x, y);
    else brush.moveTo(x, y);
    last = at;
  }
  if (!isSpot) brush.stroke();
}

// The mean distance decides: a burst of cuff pressures makes no running line of them.
function isSparse(row, first) {
  let readings = 0;
  let from = -1;
  let to = -1;
  for (let at = 0; at < BUCKETS; at += 1) {
    if (Number.isNaN(row[(first + at + BUCKETS) % BUCKETS])) continue;
    readings += 1;
    if (from < 0) from = at;
    to = at;
  }
  return readings < 2 || (to - from) / (readings - 1) > SPOT_BUCKETS;
}
