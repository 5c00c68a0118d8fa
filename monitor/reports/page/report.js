// The page of a report: draws the timeline of its session, again when its width changes, and tells
// how tall it is. The drawing itself is that of the station and stands in front of this.

const COLOURS = {
  ground: "#ffffff", text: "#101820", muted: "#566775", grid: "#c6d0d8", hr: "#0b7a3b", sbp: "#101820",
  bp_low: "#566775", spo2: "#0b5cab", temp: "#8a2bbf", rr: "#7a5d00", rate: "#2563eb", rate_text: "#566775",
  limit: "#6b7b89", grades: ["#566775", "#0a7480", "#8a4b00", "#c8101c", "#c8101c"],
};

const shown = JSON.parse(document.getElementById("session").textContent);
// Where nothing else is said, what decided is all that was sent: light points below the lines.
shown.history.raw = { ...shown.history.series, ...shown.history.raw };
const canvas = document.getElementById("timeline");

function draw() {
  const width = canvas.parentElement.clientWidth;
  const drawn = drawTimeline(canvas, shown.history, {
    width, height: 620, dpr: 2, fontPx: 12, colours: COLOURS, words: shown.words,
    clock: (ms) => String(Math.round(ms / 60_000)), from_ms: shown.from_ms, to_ms: shown.to_ms,
  });
  canvas.dataset.drawn = JSON.stringify({ rows: drawn.rows, flags: drawn.flags.length });
  document.documentElement.dataset.tall = String(document.documentElement.scrollHeight);
}

new ResizeObserver(draw).observe(canvas.parentElement);
draw();
