"""Lost servers and monitors, a wrong clock and a long day, in Chromium before real processes."""

import json
import time
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from broker import eventually
from playwright.sync_api import Browser, Page, expect
from station.stage import BED, CHECKOUT, Chair, Program, PushedClock, answers, chair_of, station_of

from monitor.adapters.broker import HOST, LocalBroker
from monitor.settings.settings import load_settings

pytestmark = [pytest.mark.broker, pytest.mark.slow]

COVERED_WITHIN_S: Final = 6.5
"""Five seconds without a word, one until the page looks at its clock, half for a busy machine."""

SLOW_MS: Final = 30_000
SICK: Final = {"hr": 118, "sbp": 84, "dbp": 47, "spo2": 85, "rr": 24}

COUNT: Final = """
window.raised = {};
const first = EventSource.prototype.addEventListener;
EventSource.prototype.addEventListener = function (kind, heard) {
  first.call(this, kind, (event) => {
    if (kind === "alert") {
      const told = JSON.parse(event.data);
      const key = `${told.id} ${told.rev}`;
      window.raised[key] = (window.raised[key] ?? 0) + 1;
    }
    heard(event);
  });
};
"""
"""Counts how often a page was told each revision of each alert."""


def opened(browser: Browser, address: str, script: str = "") -> Page:
    """Open the page of a station."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(SLOW_MS)
    page.add_init_script(COUNT + script)
    page.goto(address)
    page.locator(f'.tile[data-bed="{BED}"]').wait_for()
    return page


def covered_after_s(page: Page, since_s: float) -> float:
    """Return how long it took until the numbers were covered, and check that the page says so."""
    expect(page.locator("body.covered")).to_have_count(1, timeout=SLOW_MS)
    after_s = time.monotonic() - since_s
    expect(page.locator(".cover")).to_be_visible()
    assert (
        page.locator(".tile .values .value")
        .first.locator("b")
        .evaluate("one => getComputedStyle(one).visibility === 'hidden'")
    )
    return after_s


def test_a_killed_server_covers_the_numbers_and_comes_back_without_a_lost_or_doubled_alert(
    browser: Browser, broker: LocalBroker, tmp_path: Path
) -> None:
    with (
        chair_of("lost-server", broker, tmp_path) as chair,
        station_of("lost-server", broker, tmp_path) as (station, address),
    ):
        chair.greet()
        chair.open()
        chair.measure()
        chair.measure(**SICK)
        chair.pass_minutes(0.5, **SICK)
        # The clock of this browser is nine hours wrong: nothing of what follows depends on it.
        wrong = "const now = Date.now; Date.now = () => now() + 9 * 3600 * 1000;"
        page = opened(browser, address, wrong)
        rows = page.locator("#feed .alert")
        expect(rows.first).to_be_visible()
        before = rows.count()
        expect(page.locator(f'.tile[data-bed="{BED}"] .hr')).to_contain_text("118")
        assert not page.evaluate("document.body.classList.contains('covered')")

        station.kill()
        assert covered_after_s(page, time.monotonic()) < COVERED_WITHIN_S
        expect(page.locator(".cover")).to_contain_text("NOT HEARD FOR")
        # What changes while nobody serves is there when somebody serves again.
        chair.measure(**{**SICK, "sbp": 64, "hr": 131})
        chair.pass_minutes(0.5, **{**SICK, "sbp": 64, "hr": 131})
        station.start()
        expect(page.locator("body.covered")).to_have_count(0, timeout=SLOW_MS)
        expect(page.locator(f'.tile[data-bed="{BED}"] .hr')).to_contain_text("131")
        assert rows.count() == before
        ids = rows.evaluate_all("all => all.map((one) => one.dataset.alert)")
        assert len(set(ids)) == len(ids)
        assert set(ids) == set(standing(page))
        chair.pass_minutes(0.5, **{**SICK, "sbp": 62})
        assert max([*page.evaluate("Object.values(window.raised)"), 1]) == 1


def standing(page: Page) -> list[str]:
    """Return the alerts that a fresh look at the stream would show."""
    hello: str = page.evaluate(
        """async () => {
          const { body } = await fetch("/feed");
          const reader = body.pipeThrough(new TextDecoderStream()).getReader();
          let text = "";
          while (!/event: hello[^]*\\n\\n/.test(text)) text += (await reader.read()).value;
          reader.cancel();
          return text.split("\\n").find((line) => line.startsWith("data: ")).slice(6);
        }"""
    )
    return list(json.loads(hello)["alerts"])


def test_a_killed_monitor_covers_the_numbers_and_its_alert_stands_once_when_it_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    unit = load_settings(CHECKOUT / "config").site.unit
    with (
        LocalBroker() as broker,
        Program(
            *("live", "--broker", f"{HOST}:{broker.port}"),
            *("--journal", str(tmp_path / "journal")),
        ) as monitor,
        station_of(unit, broker, tmp_path) as (_, address),
        closing(Chair(unit, broker.port, PushedClock())) as chair,
    ):
        assert eventually(lambda: answers(f"{address}/readyz"), deadline_s=40)
        chair.greet()
        chair.open()
        chair.measure(**SICK)
        page = opened(browser, address)
        rows = page.locator("#feed .alert")
        chair.measure(**SICK)
        expect(rows.first).to_be_visible()
        named = rows.evaluate_all("all => all.map((one) => one.dataset.alert)")

        monitor.kill()
        assert covered_after_s(page, time.monotonic()) < COVERED_WITHIN_S
        expect(page.locator("#strip")).to_contain_text("OFFLINE")
        assert rows.count() == len(named)
        monitor.start()
        expect(page.locator("body.covered")).to_have_count(0, timeout=SLOW_MS)
        chair.measure(**SICK)
        assert eventually(
            lambda: (
                set(rows.evaluate_all("all => all.map((one) => one.dataset.alert)")) >= set(named)
            )
        )
        assert max([*page.evaluate("Object.values(window.raised)"), 1]) == 1


DAY: Final = """async ({beds, hours}) => {
  const { createStore } = await import("/page/stream.js");
  const { createClock } = await import("/page/clock.js");
  let ticks = 0;
  const listeners = {};
  class Source {
    readyState = 1;
    addEventListener(kind, heard) { listeners[kind] = heard; }
    close() {}
  }
  const clock = createClock(() => ticks);
  const store = createStore(clock, { Source });
  store.open();
  const began = 1795355157000;
  const say = (kind, data) => listeners[kind]({ data: JSON.stringify(data) });
  const stamp = (at) => new Date(at).toISOString();
  const names = Array.from({ length: beds }, (_, row) => String(row + 1));
  const state = (bed, at) => ({
    session: `S-${bed}`, subject: "PX-1", product: "other", phase: "infusing", t: stamp(at),
    channels: [{ ch: "hr", v: 70, t: stamp(at) }, { ch: "spo2", v: 97, t: stamp(at) }],
  });
  const all = Object.fromEntries(names.map((bed) => [bed, state(bed, began)]));
  say("hello", { now_ms: began, beds: all, alerts: {} });
  const heap = () => { gc(); gc(); return performance.memory.usedJSHeapSize; };
  let early = 0;
  let number = 0;
  for (let second = 0; second < hours * 3600; second += 10) {
    ticks = second * 1000;
    const at = began + ticks;
    const told = {};
    for (const bed of names) {
      number += 1;
      told[bed] = { hr: [60 + number % 40, at, 0, 72], spo2: [95 + number % 5, at, 0, 97] };
    }
    say("v", { now_ms: at, beds: told });
    // Every minute an alert that comes and goes, an act with its answer, a call and a state.
    if (second % 60 === 0) {
      const bed = names[(second / 60) % beds];
      const about = { bed, id: `al-${second}`, kind: "physiological", priority: "high" };
      const alert = { ...about, rev: 1, state: "active", signal: "on" };
      say("alert", alert);
      say("call", { bed, alert: alert.id, to: "x", t: stamp(at) });
      say("answer", { id: `act-${second}`, bed, act: "ack", by: "nurse-1", refused: "" });
      say("alert", { ...alert, rev: 2, state: "ended", signal: "off" });
      say("bed", { bed, state: state(bed, at) });
    }
    if (second === 3600) early = heap();
    if (second % 3600 === 0) await new Promise((done) => setTimeout(done));
  }
  const { alerts, unreadable } = store.state;
  return { early, late: heap(), alerts: alerts.size, unreadable };
}"""
"""Tells a day of sixty beds to the store of the page; gives the heap after an hour and a day."""

GROWN_MAX_BYTES: Final = 1_000_000


def test_a_day_of_the_stream_leaves_no_memory_behind(
    broker: LocalBroker, tmp_path: Path, chromium_that_collects: Browser
) -> None:
    with station_of("long-day", broker, tmp_path) as (_, address):
        page = chromium_that_collects.new_page()
        # A page without the station of its own: only the store is filled.
        page.goto(f"{address}/page/words.js")
        found = page.evaluate(DAY, {"beds": 60, "hours": 24})
        page.close()
    assert (found["alerts"], found["unreadable"]) == (0, 0)
    assert found["late"] - found["early"] < GROWN_MAX_BYTES, found
