"""The whole story clicked through in Chromium, before a real broker, monitor and station."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from station.stage import BED, PASSWORD, Chair, chair_of, station_of

from monitor.adapters.broker import LocalBroker

pytestmark = [pytest.mark.broker, pytest.mark.slow]

WITHIN_S: Final = 1.0
SLOW_MS: Final = 20_000
PICTURES: Final = os.environ.get("IRM_PICTURES", "")
SICK: Final = {"hr": 118, "sbp": 84, "dbp": 47, "spo2": 95, "rr": 24}

WATCH: Final = """
window.seen = {};
addEventListener("click", () => { window.clicked = Date.now(); }, true);
new MutationObserver(() => {
  for (const row of document.querySelectorAll(".alert")) {
    const key = `${row.dataset.kind} ${row.dataset.signal}`;
    window.seen[key] ??= Date.now();
  }
}).observe(document, {subtree: true, childList: true, attributes: true});
"""
"""Remembers when a row of the feed was first seen in each state, and the last click."""


@contextmanager
def screen(browser: Browser, address: str, name: str) -> Iterator[Page]:
    """Open the page, log in through its form, and hear the sound check."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(SLOW_MS)
    page.add_init_script(WATCH)
    page.goto(address)
    page.get_by_role("button", name="Log in").first.click()
    page.locator("#login input[name=name]").fill(name)
    page.locator("#login input[name=password]").fill(PASSWORD)
    page.locator("#login button[type=submit]").click()
    page.locator("#header").get_by_role("button", name=name).wait_for()
    page.locator("[data-tones]").click()
    page.locator("#tones").get_by_role("button", name="Sound check").click()
    page.locator("#tones").get_by_role("button", name="Yes").click()
    expect(page.locator("[data-tones]")).to_have_text("Tones on")
    yield page
    context.close()


class Nurse:
    """What a person does at the chair, by clicks alone."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.chair = page.locator("#chair")
        self.pictures = 0

    def part(self, name: str) -> Locator:
        """Return a part of the chair."""
        return self.chair.locator(f".part-{name}")

    def recorded(self, part: str) -> None:
        """Wait until the monitor has answered what was sent from a part."""
        expect(self.part(part).locator(".outcome")).to_have_attribute(
            "data-state", "done", timeout=SLOW_MS
        )

    def opens(self, **fields: str) -> None:
        """Open a session by the form."""
        form = self.part("session")
        form.get_by_role("button", name="Open a session").click()
        for name, text in fields.items():
            control = form.locator(f"[name={name}]")
            if control.evaluate("one => one.tagName") == "SELECT":
                control.select_option(text)
            else:
                control.fill(text)
        form.locator("form button[type=submit]").click()
        self.recorded("session")

    def records(self, name: str) -> None:
        """Press one button of what was done."""
        self.part("record").locator(f"[data-record={name}]").click()
        self.recorded("record")

    def sets_rate(self, rate: str) -> None:
        """Write down a rate."""
        self.part("record").locator("[data-record=rate]").click()
        self.part("record").locator("input[name=rate]").fill(rate)
        self.part("record").locator("form button[type=submit]").click()
        expect(self.part("record").locator(".outcome")).to_contain_text(
            f"Recorded by nurse-1: rate changed to {rate}"
        )

    def sees(self, symptom: str) -> None:
        """Chart a symptom by one tap."""
        self.tap(symptom).click()
        self.recorded("symptoms")

    def sees_no_more(self, symptom: str) -> None:
        """Chart the end of a symptom."""
        tap = self.tap(symptom)
        tap.press("ArrowDown")
        self.part("symptoms").get_by_role("button", name="Ended now").click()
        expect(tap).not_to_have_attribute("data-present", "")

    def tap(self, symptom: str) -> Locator:
        """Return the button of a symptom, whatever its mark."""
        return self.part("symptoms").locator(".tap", has_text=re.compile(f"^{symptom}$"))

    def does(self, step: str) -> None:
        """Say that a step is done, with the dose that the protocol says where it has one."""
        row = self.step(step)
        row.get_by_role("button", name=re.compile("^Done")).first.click()
        if row.locator("input[name=dose]").count():
            expect(row.locator("input[name=dose]")).to_have_value("0.5")
            row.locator("form button[type=submit]").click()
        expect(row).to_have_attribute("data-state", "done", timeout=SLOW_MS)

    def step(self, key: str) -> Locator:
        """Return a step."""
        return self.chair.locator(f'.step[data-step="{key}"]')

    def photographed(self, name: str) -> None:
        """Keep a picture where one is asked for."""
        self.pictures += 1
        if PICTURES:
            folder = Path(PICTURES)
            folder.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=folder / f"{self.pictures:02d}-{name}.png")


def alert_row(page: Page) -> Locator:
    """Return the rows of the feed that are more than an advice."""
    return page.locator('#feed .alert:not([data-kind="info"])')


def test_the_whole_story_from_an_opened_session_to_the_note(
    browser: Browser, broker: LocalBroker, tmp_path: Path
) -> None:
    with (
        chair_of("story", broker, tmp_path) as chair,
        station_of("story", broker, tmp_path) as (_, address),
    ):
        chair.greet()
        chair.measure()
        with screen(browser, f"{address}/#/bed/{BED}", "nurse-1") as page:
            nurse = Nurse(page)
            expect(page.locator(f'.tile[data-bed="{BED}"]')).to_contain_text("no session")
            nurse.opens(
                subject="PX-290F",
                product="gammaplex-10-pi",
                dose="35",
                weight="70",
                age_years="47",
                devices="mon-17",
            )
            nurse.records("baseline")
            nurse.photographed("opened")
            chair.pass_minutes(8)
            expect(page.locator(".chair-facts")).to_contain_text("baseline established")
            nurse.photographed("baseline")
            nurse.records("start")
            nurse.sets_rate("42")
            chair.pass_minutes(16)
            nurse.sets_rate("84")
            assert alert_row(page).all_inner_texts() == []

            # A reaction to the rate: chills and a fast pulse.
            nurse.sees("chills")
            chair.pass_minutes(2, hr=106, rr=21)
            expect(alert_row(page)).to_have_count(1, timeout=SLOW_MS)
            nurse.photographed("reaction")
            alert_row(page).locator("[data-act=ack]").click()
            expect(alert_row(page)).to_have_attribute("data-signal", "acknowledged")
            nurse.sets_rate("42")
            nurse.photographed("slowed")
            nurse.sees_no_more("chills")
            chair.pass_minutes(33)
            expect(alert_row(page)).to_have_count(0, timeout=SLOW_MS)
            nurse.sets_rate("84")
            nurse.photographed("resumed")

            # Another station of the same unit, a process of its own with another name.
            with (
                station_of("story", broker, tmp_path, "desk") as (_, elsewhere),
                screen(browser, elsewhere, "nurse-2") as other,
            ):
                anaphylaxis(nurse, other, chair)
            after(nurse, chair)


def anaphylaxis(nurse: Nurse, other: Page, chair: Chair) -> None:
    """Pressure and saturation fall, hives appear: called, taken over, treated."""
    page = nurse.page
    chair.alerts.clear()
    page.evaluate("window.seen = {}")
    chair.measure(**SICK)
    chair.pass_minutes(0.5, **SICK)
    nurse.sees("hives")
    row = alert_row(page).locator('xpath=self::*[@data-kind="high"]')
    expect(row).to_have_count(1, timeout=SLOW_MS)
    expect(page.locator("[data-tones]")).to_have_text("Tones on")
    seen_s = page.evaluate("window.seen['high on']") / 1000
    assert seen_s - chair.alerts["high on"] < WITHIN_S
    expect(alert_row(other)).to_have_attribute("data-signal", "on")
    seen_s = other.evaluate("window.seen['high on']") / 1000
    assert seen_s - chair.alerts["high on"] < WITHIN_S
    nurse.photographed("anaphylaxis")

    row.locator("[data-act=ack]").click()
    expect(alert_row(other)).to_have_attribute("data-signal", "acknowledged")
    seen_s = other.evaluate("window.seen['high acknowledged']") / 1000
    assert seen_s - page.evaluate("window.clicked") / 1000 < WITHIN_S
    expect(alert_row(other)).to_contain_text("nurse-1 has it")

    nurse.does("stop")
    nurse.records("stop")
    nurse.does("epinephrine")
    expect(nurse.part("timers")).to_contain_text("Since epinephrine dose 1")
    nurse.photographed("epinephrine")
    chair.pass_minutes(6, **SICK)
    expect(nurse.step("epinephrine")).to_contain_text("dose 2 of 2", timeout=SLOW_MS)
    expect(nurse.step("epinephrine")).to_have_attribute("data-state", "offered")
    nurse.photographed("repeat-due")
    nurse.does("epinephrine")


def after(nurse: Nurse, chair: Chair) -> None:
    """The person recovers; the alert stays until it is seen; the shift is handed over."""
    page = nurse.page
    nurse.sees_no_more("hives")
    chair.pass_minutes(33, hr=84, sbp=118)
    row = alert_row(page)
    expect(row).to_have_attribute("data-signal", "latched", timeout=SLOW_MS)
    expect(row).to_contain_text("stays until acknowledged")
    nurse.photographed("latched")
    row.locator("[data-act=ack]").click()
    expect(row).to_have_count(0)
    nurse.part("note").get_by_role("button", name="Draft the note").click()
    expect(nurse.part("note").locator(".draft")).to_contain_text("Reaction note")
    expect(nurse.part("note").locator(".draft")).to_contain_text("epinephrine")
    nurse.part("note").scroll_into_view_if_needed()
    nurse.photographed("note")
    page.locator("#header").get_by_role("link", name="Hand-over").click()
    sheet = page.locator(".sheet-bed")
    expect(sheet).to_contain_text("PX-290F")
    expect(sheet).to_contain_text("anaphylaxis")
    nurse.photographed("handover")
