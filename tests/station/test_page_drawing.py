"""The drawing modules by themselves: pure, and cheap enough for a wall of tiles."""

import re

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
