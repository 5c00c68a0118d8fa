"""Who looks back at a journal whose configuration changed sees each time as it was judged then."""

import json
import re
import shutil
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from builders import CONFIG
from hypothesis import given
from hypothesis import strategies as st
from journal_runs import T0_MS, Run

from detectors.rulebook import RuleBook
from monitor.__main__ import main
from monitor.settings.settings import load_settings
from monitor.station.eras import (
    ERAS_MAX,
    Era,
    Kept,
    eras_of,
    eras_of_journal,
    eras_within,
    limit_spans,
)
from monitor.station.in_force import ADULT_CENTI, limit_lines

CHANGED_MS: Final = T0_MS + 29_000
LEVEL: Final = '{ channel = "sbp", basis = "level", comparison = "<", value = %d, unit = "mm[Hg]" }'


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A journal under two configurations, its folder, and what its ward hands over at the end."""
    place = tmp_path_factory.mktemp("journal")
    folder = Path(shutil.copytree(CONFIG, place / "config"))
    before = Path(shutil.copytree(CONFIG, place / "before"))
    run = Run(place / "j", config=folder)
    run.live(range(30))
    for name, old, new in (
        ("detection.toml", "clear_s = 60", "clear_s = 5"),
        ("rulebooks/infusion.toml", LEVEL % 85, LEVEL % 84),
    ):
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), "utf-8")
    configured = run.read_again()
    assert configured is not None
    assert not configured.refused
    run.live(range(30, 51))
    assert run.site is not None
    sheets = msgspec.to_builtins(run.site.ward.hand_over(T0_MS + 50_000))
    run.die()
    return {"journal": place / "j", "folder": folder, "before": before, "sheets": sheets}


def why(
    told: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[Any, str]:
    """Return the sheets that the command gives with a folder, and what it remarks."""
    command = ["why", str(told["journal"]), "--config", str(folder), "--json", *more]
    assert main(command) == 0
    said = capsys.readouterr()
    return json.loads(said.out), said.err


def test_why_is_what_the_monitor_itself_would_have_handed_over(
    told: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    # Either of its folders names the journal's own way; only a third one asks for another.
    for folder in (told["folder"], told["before"]):
        assert why(told, folder, capsys) == (json.loads(json.dumps(told["sheets"])), "")


def test_why_under_a_third_folder_says_so_and_decides_otherwise(
    told: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Path(shutil.copytree(told["before"], tmp_path / "other"))
    (other / "alerts.toml").write_text(
        (other / "alerts.toml").read_text("utf-8") + "\n# another remark\n", "utf-8"
    )
    sheets, said = why(told, other, capsys)
    assert "j: was decided under " in said
    assert sheets != json.loads(json.dumps(told["sheets"]))


def test_why_at_a_time_before_the_change_is_of_the_configuration_before(
    told: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run_at = ("--at", "2026-11-24T10:00:25Z")
    sheets, _ = why(told, told["folder"], capsys, *run_at)
    assert any(sheet["alerts"] for sheet in sheets)


def data_of(page: Path) -> dict[str, Any]:
    found = re.search(r'id="session">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_a_report_draws_each_limit_for_as_long_as_it_was_in_force(
    told: dict[str, Any], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    command = ["report", str(told["journal"]), "--session", "S-1", "--to", str(page)]
    assert main([*command, "--config", str(told["before"])]) == 0
    limits = data_of(page)["history"]["limits"]
    # Minutes are counted from the start, one second behind the opening.
    assert ["grade 2", 85, "below", None, 28_000] in limits["sbp"]
    assert ["grade 2", 84, "below", 28_000, None] in limits["sbp"]
    assert all(span[3:] == [None, None] for span in limits["spo2"])
    text = page.read_text("utf-8")
    assert "The configuration changed while the session ran, at " in text
    assert "another configuration" not in text
    drawn = re.search(r"Configuration of the limits drawn: <code>(.*?)</code>", text)
    assert drawn is not None
    assert len(drawn[1].split(", ")) == 2


def test_a_report_of_one_configuration_draws_its_own_limits_with_any_folder(
    told: dict[str, Any], tmp_path: Path
) -> None:
    run = Run(tmp_path / "j", config=told["before"])
    run.live(range(30))
    run.die()
    page = tmp_path / "page.html"
    command = ["report", str(tmp_path / "j"), "--session", "S-1", "--to", str(page)]
    assert main([*command, "--config", str(told["folder"])]) == 0
    assert ["grade 2", 85, "below", None, None] in data_of(page)["history"]["limits"]["sbp"]
    assert "configuration changed" not in page.read_text("utf-8")


def test_a_station_knows_the_eras_of_its_journal(told: dict[str, Any], tmp_path: Path) -> None:
    settings = load_settings(told["folder"])
    known = Era(None, settings.digest, settings.ward.detection.book)
    before, now = eras_of_journal(told["journal"], told["folder"], known)
    assert (before.since_ms, now.since_ms) == (None, CHANGED_MS)
    assert before.book != now.book
    assert now.book is known.book
    assert eras_of_journal(tmp_path / "none", told["folder"], known) == (known,)


def test_what_an_older_program_kept_and_nobody_can_read_leaves_what_is_known() -> None:
    known = Era(None, "now", load_settings(CONFIG).ward.detection.book)
    unread = Kept(5, "old", {"site.toml": b"= nothing"})
    assert eras_of([unread], CONFIG, known) == (known,)
    many = [Kept(number, "now", {}) for number in range(ERAS_MAX + 5)]
    found = eras_of(many, CONFIG, known)
    assert [one.since_ms for one in found[:2]] == [None, 6]
    assert len(found) == ERAS_MAX


BOOK: Final = load_settings(CONFIG).ward.detection.book
BOOKS: Final = tuple(
    RuleBook(name="b", version=1, title="t", rules=BOOK.rules[start:]) for start in (0, 8, 20)
)
TIMES: Final = st.lists(st.integers(1, 40), unique=True, max_size=5).map(sorted)


def eras_at(times: list[int]) -> list[Era]:
    places = [None, *times]
    return [Era(at, str(n), BOOKS[n % len(BOOKS)]) for n, at in enumerate(places)]


def book_at(eras: list[Era] | tuple[Era, ...], at_ms: int) -> RuleBook:
    """Return, slowly, what was in force at a time."""
    return [one.book for one in eras if one.since_ms is None or one.since_ms <= at_ms][-1]


@given(TIMES, st.integers(0, 41))
def test_at_every_time_the_limits_are_those_of_the_book_then(times: list[int], at_ms: int) -> None:
    eras, base = eras_at(times), {"sbp": 12_000, "hr": 7_000}
    expected = limit_lines(book_at(eras, at_ms).rules, base, ADULT_CENTI)
    spans = limit_spans(eras, base, ADULT_CENTI)
    drawn = {
        channel: sorted(
            one[:3]
            for one in found
            if (one[3] is None or one[3] <= at_ms) and (one[4] is None or at_ms < one[4])
        )
        for channel, found in spans.items()
    }
    assert {name: rows for name, rows in drawn.items() if rows} == {
        name: sorted(rows) for name, rows in expected.items()
    }
    for found in spans.values():
        for one in found:
            assert not any(other[:3] == one[:3] and other[3] == one[4] for other in found if one[4])


@given(TIMES, st.integers(0, 20), st.integers(21, 41))
def test_the_eras_of_a_time_are_those_that_reach_into_it(
    times: list[int], from_ms: int, to_ms: int
) -> None:
    eras = eras_at(times)
    found = eras_within(eras, from_ms, to_ms)
    assert found[0].since_ms is None
    for at_ms in range(from_ms, to_ms + 1):
        assert book_at(found, at_ms) is book_at(eras, at_ms)
    assert len(found) == 1 + sum(from_ms < at <= to_ms for at in times)
