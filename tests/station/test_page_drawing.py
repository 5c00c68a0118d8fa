"""The drawing modules by themselves: pure, and cheap enough for a wall of tiles."""

import re

import pytest
from station.chair_pages import OpenPage
from station.chair_scenes import ChairStation
from station.fake_station import PAGE

SPARKS = """async () => {
  const { makeSpark } = await import('/page/spark.js');
  const colours = { hr: '#4ade80', sbp: '#f4f6f8', spo2: '#60b4ff', rate: '#3b82f6', name: 'x' };
  const canvas = document.createElement('canvas');
  const size = { width: 150, height: 40, dpr: 1 };
  const now = 1795355157000;
  const spark = makeSpark();
  const nothing = spark.draw(canvas, now, colours, size);
  for (let second = 3600; second > 0; second -= 5) spark.add('hr', now - second * 1000, 80);
  for (let minute = 60; minute > 0; minute -= 10) spark.add('sbp', now - minute * 60000, 120);
  spark.rate(now - 1800000, 120);
  const drawn = [now, now + 1000].map((at) => spark.draw(canvas, at, colours, size));
  drawn.push(spark.draw(canvas, now + 31000, colours, size));
  drawn.push(spark.draw(canvas, now + 31000, { ...colours, name: 'light' }, size));
  const began = performance.now();
  for (let one = 0; one < 60; one += 1) {
    spark.draw(canvas, now + 31000, { ...colours, name: `${one}` }, size);
  }
  return { nothing, drawn, all_ms: performance.now() - began };
}"""


def test_the_timeline_is_pure_drawing() -> None:
    text = (PAGE / "timeline.js").read_text(encoding="utf-8")
    code = re.sub(r"//.*", "", text)
    for word in (r"\bimport\b", r"\bfetch\b", r"\bdocument\b", r"\bwindow\b", r"\bDate\b"):
        assert re.search(word, code) is None, word


def test_a_sparkline_is_drawn_only_when_there_is_something_new(
    station: ChairStation, open_page: OpenPage
) -> None:
    found = open_page(station).evaluate(SPARKS)
    assert found["nothing"] is False
    assert found["drawn"] == [True, False, True, True]
    # Sixty tiles drawn at once, which happens twice a minute, are far from a second's work.
    assert found["all_ms"] < 200


MEAN = """async ([series, gap_ms]) => {
  const { drawTimeline } = await import('/page/timeline.js');
  const colours = {
    ground: '#fff', text: '#000', muted: '#888', grid: '#ccc', hr: '#0f0', sbp: '#ff0000',
    bp_low: '#0000ff', spo2: '#0ff', temp: '#f0f', rr: '#ff0', rate: '#00f', limit: '#999',
  };
  const keys = ['hr', 'spo2', 'rr', 'temp', 'rate'];
  const rows = Object.fromEntries(keys.map((key) => [key, [key, 'u']]));
  const words = { rows: { ...rows, bp: ['BP', 'mmHg', 'MAP'] }, no_values: 'none' };
  const canvas = document.createElement('canvas');
  const brush = canvas.getContext('2d');
  const said = [];
  const fillText = brush.fillText.bind(brush);
  brush.fillText = (text, x, y) => { said.push(text); fillText(text, x, y); };
  const points = (value, gap) => Array.from({ length: 20 }, (_, at) => [at * gap, value]);
  const history = { series: { hr: points(70, 10_000) } };
  for (const [name, value] of Object.entries(series)) history.series[name] = points(value, gap_ms);
  const size = { width: 900, height: 600 };
  const drawn = drawTimeline(canvas, history, { ...size, colours, words, clock: String });
  const row = drawn.rows.find(({ key }) => key === 'bp');
  const y = row.bottom - ((90 - row.low) / (row.high - row.low)) * (row.bottom - row.top);
  const { left, right } = drawn.axis;
  const strip = brush.getImageData(left, Math.round(y) - 1, right - left, 3).data;
  let red = 0;
  for (let at = 0; at < strip.length; at += 4) if (strip[at] > 200 && strip[at + 1] < 90) red += 1;
  return { drawn: row.drawn, red, label: said.find((text) => text.startsWith('BP')) };
}"""


@pytest.mark.parametrize(
    ("gap_ms", "kind", "sign"), [(300_000, "dots", "\u2013"), (10_000, "line", "--")]
)
def test_a_mean_pressure_that_was_measured_has_a_sign_of_its_own_and_its_name(
    station: ChairStation, open_page: OpenPage, gap_ms: int, kind: str, sign: str
) -> None:
    page = open_page(station)
    pair = {"sbp": 120, "dbp": 60}
    found = page.evaluate(MEAN, [{**pair, "map": 90}, gap_ms])
    assert f"{kind}:map" in found["drawn"]
    assert found["label"] == f"BP mmHg   {sign} MAP"
    assert found["red"] > 100
    without = page.evaluate(MEAN, [pair, gap_ms])
    assert f"{kind}:map" not in without["drawn"]
    assert without["label"] == "BP mmHg"
    assert without["red"] == 0
