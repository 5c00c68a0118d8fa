"""The page of a session: complete in one file, drawn by a real browser, and only ever text."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from builders import CONFIG, ROOT
from playwright.sync_api import Browser, Page

from monitor.__main__ import main
from monitor.adapters.journal import Journal
from monitor.adapters.recording import Remarks, open_recording
from monitor.care.alerts import SESSION_ENDED
from monitor.facts.effects import (
    AdviceChanged,
    AlertChanged,
    AnyEffect,
    BaselineChanged,
    SessionChanged,
    SessionMoved,
    Step,
    StepState,
)
from monitor.replay import digest, replay
from monitor.reports.chronicles import FROM_LEDGER, FROM_REPLAY, Chronicle, chronicles, stays_of
from monitor.reports.cohort_parts import table
from monitor.reports.findings import duration, episodes, finding, steps_told
from monitor.reports.session_page import PAGE, Printing, session_page
from monitor.settings.settings import load_settings
from monitor.station.review import bands
from monitor.station.review import episodes as sheet_lines
from monitor.ward.ward import Ward

RECORDINGS = ROOT / "tests" / "replay" / "recordings"
REACTION = RECORDINGS / "anaphylaxis.jsonl.gz"
EVIL = "</script><img src=x onerror='window.hacked=1'><script>window.hacked=1</script>&\"'"
MINUTE = 60_000


@pytest.fixture(scope="module")
def printing() -> Printing:
    settings = load_settings(CONFIG)
    return Printing(
        command=("infusion-monitor", "report", "a b.jsonl"),
        config=settings.digest,
        software="1.2.3",
        book=settings.ward.detection.book,
    )


@pytest.fixture(scope="module")
def story() -> Chronicle:
    return next(chronicles(REACTION, ward, Remarks()))


def ward(unit: str) -> Ward:
    return Ward(load_settings(CONFIG).ward, unit=unit)


def test_the_command_writes_one_page_that_needs_nothing_else(tmp_path: Path) -> None:
    page, again = tmp_path / "one.html", tmp_path / "two.html"
    for to in (page, again):
        assert main(["report", str(REACTION), "--to", str(to), "--config", str(CONFIG)]) == 0
    text = page.read_text("utf-8")

    assert re.search(r"<h1>Suspected anaphylaxis, grade 3, 11 min into the infusion; ", text)
    assert f"--config {CONFIG} --to {page}" in text
    assert "not a medical device" in text
    assert not re.search(r"(?:src|href|url)\s*[=(]|@import|https?:", text)
    assert text.replace(str(page), "") == again.read_text("utf-8").replace(str(again), "")


def test_a_page_lists_what_was_told_in_numbers(story: Chronicle, printing: Printing) -> None:
    text = session_page(story, printing)

    assert story.origin == FROM_REPLAY
    assert f"sha256:{digest(story.effects)}" in text
    assert "2 \u2192 3" in text
    assert "SBP 88 &lt; 90" in text
    assert "<li>Give high-flow oxygen</li>" in text
    assert "DRAFT, written by a program" in text
    assert "another configuration" not in text


def test_a_page_says_when_its_limits_are_of_another_configuration(
    story: Chronicle, printing: Printing
) -> None:
    assert "another configuration" in session_page(story, replace(printing, config="0" * 64))


def test_several_sessions_want_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chairs = str(RECORDINGS / "three-chairs.jsonl.gz")
    one, folder = tmp_path / "one.html", tmp_path / "pages"

    assert main(["report", chairs, "--to", str(one), "--config", str(CONFIG)]) == 2
    assert "name one with --session" in re.sub(r"[\s\u2502]+", " ", capsys.readouterr().err)
    assert main(["report", chairs, "--to", str(folder), "--config", str(CONFIG)]) == 0
    assert len(list(folder.glob("S-*.html"))) == 3
    missing = ["--session", "S-NOBODY", "--config", str(CONFIG)]
    assert main(["report", chairs, "--to", str(one), *missing]) == 1
    assert main(["report", str(tmp_path / "none"), "--to", str(one), *missing]) == 4


def test_the_report_of_a_journal_tells_what_its_ledger_tells(tmp_path: Path) -> None:
    recording = open_recording(REACTION)
    path = tmp_path / "unit.journal"
    with Journal.open_for_writing(path, unit="inf-a", software="1", config="") as journal:
        for step, effects in replay(recording.steps, ward("inf-a")):
            told = [one for one in effects if not isinstance(one, BaselineChanged)]
            journal.append_effects(journal.append_step(step.now_ms, step.messages), told)

    (found,) = chronicles(path, ward, Remarks())

    assert found.origin == FROM_LEDGER
    assert found.baseline is None  # as the ledger has it, not as a replay would
    assert found.series["hr"]


def test_readings_that_were_not_believed_are_crosses() -> None:
    (by_hand, *_) = chronicles(RECORDINGS / "by-hand.jsonl", ward, Remarks())
    kept = {at for points in by_hand.series.values() for at, _ in points}

    assert kept
    assert all(by_hand.from_ms <= at <= by_hand.to_ms for at in kept)
    for name, points in by_hand.rejected.items():
        assert not set(points) & set(by_hand.series.get(name, []))


def test_a_session_that_moved_has_its_readings_of_both_beds(story: Chronicle) -> None:
    at_ms = story.from_ms + 10 * MINUTE
    moved = SessionMoved(
        at_ms=at_ms, bed="17", session=story.session, to_bed="18", alerts=(), by="n", reason=""
    )

    moves = [one for one in story.effects if isinstance(one, SessionChanged) and not one.refused]
    stays = stays_of([*story.effects, moved], moves, story.to_ms)

    assert [(one.bed, one.from_ms, one.to_ms) for one in stays] == [
        ("17", story.from_ms, at_ms),
        ("18", at_ms, story.to_ms),
    ]


def test_a_quiet_session_says_so(story: Chronicle) -> None:
    quiet = [one for one in story.effects if not isinstance(one, AlertChanged)]

    assert finding(quiet, episodes(quiet), story.started_ms, 4 * 60 * MINUTE) == (
        "No reaction alert in 4.0 h"
    )
    assert finding([], [], None, 30 * MINUTE).endswith("none could be assessed")


def test_an_episode_runs_from_its_sign_to_its_end(story: Chronicle) -> None:
    alerts = [one for one in story.effects if isinstance(one, AlertChanged)]
    first = alerts[0]
    taken = msgspec.structs.replace(
        alerts[-1], acknowledged_by="nurse-1", acknowledged_ms=first.raised_ms + MINUTE
    )
    over = msgspec.structs.replace(
        taken, phase="end", condition="ended", at_ms=first.raised_ms + 30 * MINUTE
    )
    effects: list[AnyEffect] = [*story.effects, taken, over]

    (one,) = [each for each in episodes(effects) if each.peak.kind == "physiological"]

    assert (one.taken_on_by, one.taken_on_ms) == ("nurse-1", first.raised_ms + MINUTE)
    assert one.ended_ms == first.raised_ms + 30 * MINUTE
    assert one.path == (2, 3)
    assert one.first_step.startswith("Stop the infusion")
    assert "over 30 min after the first sign" in finding(effects, [one], None, MINUTE)


def test_what_is_told_after_the_end_of_an_episode_does_not_lengthen_it(story: Chronicle) -> None:
    alerts = [one for one in story.effects if isinstance(one, AlertChanged)]
    first = next(one for one in alerts if one.kind == "physiological")
    end_ms = first.onset_ms + 30 * MINUTE
    over = msgspec.structs.replace(
        first, phase="end", condition="ended", signal="latched", at_ms=end_ms
    )
    later = {"phase": "update", "signal": "off", "at_ms": end_ms + 90 * MINUTE}
    effects: list[AnyEffect] = [first, over, msgspec.structs.replace(over, **later)]

    (one,) = episodes(effects)

    assert one.ended_ms == end_ms
    assert "over 30 min after the first sign" in finding(effects, [one], None, MINUTE)
    assert bands(effects, first.bed, first.session)[-1].to_ms == end_ms
    assert "ended after 30 min" in sheet_lines(effects, first.bed, 0)[0]


def test_an_alert_that_stood_when_its_session_was_closed_is_not_said_to_be_over(
    story: Chronicle, printing: Printing
) -> None:
    alerts = [one for one in story.effects if isinstance(one, AlertChanged)]
    first = next(one for one in alerts if one.kind == "physiological")
    end = {"phase": "end", "condition": "ended", "signal": "latched", "at_ms": story.to_ms}
    unseen = f"{SESSION_ENDED} and nobody has seen that it was there"
    cut = msgspec.structs.replace(first, **end, reason=unseen)
    closed = replace(story, effects=(*story.effects, cut))

    text = session_page(closed, printing)

    assert "; not over when the session was closed" in text
    assert "not over, session closed" in text
    assert "the session was closed while signs still held" in text
    assert "no sign holds any more" not in text


@pytest.mark.parametrize(
    ("length_ms", "words"),
    [
        (0, "0 s"),
        (119_999, "119 s"),
        (120_000, "2 min"),
        (7_199_999, "119 min"),
        (9_000_000, "2.5 h"),
    ],
)
def test_lengths_of_time_in_words(length_ms: int, words: str) -> None:
    assert duration(length_ms) == words


def hostile(effect: AnyEffect) -> AnyEffect:
    """Return an effect with markup in its free texts."""
    match effect:
        case AlertChanged():
            because = tuple(msgspec.structs.replace(row, words=EVIL) for row in effect.because)
            return msgspec.structs.replace(
                effect, label=EVIL, pattern=EVIL, acknowledged_by=EVIL, because=because
            )
        case AdviceChanged():
            steps = tuple(
                msgspec.structs.replace(step, words=EVIL, by=EVIL, reason=EVIL, source=(EVIL,))
                for step in effect.steps
            )
            return msgspec.structs.replace(effect, steps=steps)
    return effect


@pytest.fixture
def seen(browser: Browser) -> Iterator[Callable[[Path], Page]]:
    """Open a file as a person would; what goes wrong in it, or leaves it, fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    wrong: list[str] = []

    def opened(path: Path) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda one: wrong.append(one.text) if one.type == "error" else None)
        page.on(
            "request",
            lambda one: wrong.append(one.url) if one.url != path.as_uri() else None,
        )
        page.goto(path.as_uri())
        page.locator("canvas[data-drawn]").wait_for()
        return page

    yield opened
    context.close()
    assert wrong == []


def test_a_browser_draws_the_page_from_a_file(
    tmp_path: Path, story: Chronicle, printing: Printing, seen: Callable[[Path], Page]
) -> None:
    path = tmp_path / "page.html"
    path.write_text(session_page(story, printing), encoding="utf-8")

    page = seen(path)
    drawn = msgspec.json.decode(page.locator("canvas").get_attribute("data-drawn") or "")

    assert drawn["flags"] > 5
    rows = {row["key"]: row["drawn"] for row in drawn["rows"]}
    assert set(rows) == {"hr", "bp", "spo2", "rr", "temp", "rate"}
    assert all("values" in each for each in rows.values())
    assert "baseline" in rows["hr"]
    assert "limit" in rows["bp"]
    assert "dots:map" in rows["bp"]
    page.emulate_media(media="print")
    assert page.locator("canvas").is_visible()


def test_what_is_written_by_others_stays_text(
    tmp_path: Path, story: Chronicle, printing: Printing, seen: Callable[[Path], Page]
) -> None:
    path = tmp_path / "page.html"
    effects = tuple(
        msgspec.structs.replace(hostile(effect), session=EVIL) for effect in story.effects
    )
    poisoned = replace(
        story, effects=effects, session=EVIL, subject=EVIL, product=EVIL, source=EVIL, config=EVIL
    )
    path.write_text(session_page(poisoned, replace(printing, command=(EVIL,))), encoding="utf-8")

    page = seen(path)

    assert page.evaluate("window.hacked") is None
    assert page.locator("img, script").count() == 2  # the data and the drawing
    assert page.locator("td", has_text="window.hacked=1").count() > 1
    assert steps_told(effects)


@pytest.mark.parametrize(("columns", "paper_px", "page"), [(10, 703, "auto"), (14, 1032, "across")])
def test_no_table_of_a_cohort_is_cut_off_on_paper(
    columns: int, paper_px: int, page: str, browser: Browser
) -> None:
    """A4 within its margins is 703 px wide upright and 1032 px across."""
    style = (PAGE / "report.css").read_text(encoding="utf-8")
    name, cell = (
        ("min to the call", "48.3") if page == "auto" else ("cytokine-release", "48.3 (90)")
    )
    rows = [["this monitor, somebody is called", *[cell] * (columns - 1)]]
    drawn = table(["Rule", *[name] * (columns - 1)], rows)
    context = browser.new_context(viewport={"width": paper_px, "height": 900})
    here = context.new_page()
    here.emulate_media(media="print")
    here.set_content(f"<style>{style}</style>{drawn}")
    wide = here.locator(".wide")

    assert wide.evaluate("one => one.scrollWidth <= one.clientWidth")
    assert wide.evaluate("one => getComputedStyle(one).page") == page
    context.close()


def test_a_picture_is_made_by_the_chromium_of_the_machine(tmp_path: Path, browser: Browser) -> None:
    assert browser.is_connected()
    page = tmp_path / "page.html"
    arguments = ["report", str(REACTION), "--to", str(page), "--png", "--config", str(CONFIG)]

    assert main(arguments) == 0

    picture = page.with_suffix(".png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[20:24], "big") > 1_000  # the whole page, not a screen of it


def test_no_chromium_is_said_and_the_page_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    page = tmp_path / "page.html"
    arguments = ["report", str(REACTION), "--to", str(page), "--png", "--config", str(CONFIG)]

    assert main(arguments) == 1

    assert "--png needs Chromium" in capsys.readouterr().err
    assert page.is_file()


def test_a_step_is_told_once_as_it_was_told_last() -> None:
    def advice(state: StepState) -> AdviceChanged:
        step = Step(key="stop", words="Stop", who="nurse", source=(), state=state)
        return AdviceChanged(
            at_ms=0,
            bed="1",
            session="S",
            id="ad",
            revision=1,
            alert="al",
            ladder="l",
            pattern="",
            grade=2,
            steps=(step,),
            reason="",
        )

    assert [one.state for one in steps_told([advice("offered"), advice("done")])] == ["done"]


def test_a_second_dose_is_a_row_of_its_own_and_not_offered_as_well() -> None:
    def advice(state: StepState, at_ms: int | None, response: str = "") -> AdviceChanged:
        step = Step(
            key="epinephrine", words="Epinephrine", who="nurse", source=(), state=state,
            at_ms=at_ms, response=response,
        )  # fmt: skip
        return AdviceChanged(
            at_ms=0, bed="1", session="S", id="ad", revision=1, alert="al", ladder="l",
            pattern="", grade=3, steps=(step,), reason="",
        )  # fmt: skip

    told = [
        advice("offered", None),
        advice("started", 1),
        advice("done", 2),
        advice("done", 2, "worse"),
        advice("offered", None),
        advice("done", 7),
        advice("offered", None),
    ]

    assert [(one.state, one.at_ms, one.response) for one in steps_told(told)] == [
        ("done", 2, "worse"),
        ("done", 7, ""),
    ]
