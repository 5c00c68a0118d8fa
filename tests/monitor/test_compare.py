"""Two configurations over one archive: what is gained, lost, earlier and later."""

import re
import shutil
from pathlib import Path

import msgspec
import pytest
from builders import CONFIG, ROOT

from monitor.__main__ import main
from monitor.adapters.recording import Remarks
from monitor.reports.comparisons import (
    Change,
    Outcome,
    Told,
    changes_of,
    comparison,
    comparison_lines,
)

REACTION = ROOT / "tests" / "replay" / "recordings" / "anaphylaxis.jsonl.gz"
CHAIRS = REACTION.with_name("three-chairs.jsonl.gz")
MINUTE = 60_000


def told(
    onset: int, *, raised: int | None = None, calls: bool = True, grade: int = 2, ended: int = 0
) -> Told:
    """Return an alert; times in minutes."""
    raised_ms = (onset if raised is None else raised) * MINUTE
    return Told(
        pattern="febrile",
        grade=grade,
        onset_ms=onset * MINUTE,
        raised_ms=raised_ms,
        called_ms=raised_ms if calls else None,
        ended_ms=(ended or onset + 10) * MINUTE,
        because="Temp 39 | <b>",
    )


def outcome(*alerts: Told, session: str = "S-1") -> Outcome:
    """Return what was told of a session of one hour."""
    return Outcome(source="night", session=session, bed="1", watched_ms=60 * MINUTE, alerts=alerts)


@pytest.mark.parametrize(
    ("a", "b", "changes"),
    [
        (None, told(1), ("gained",)),
        (told(1), None, ("lost",)),
        (told(1), told(1), ("same",)),
        (told(1, raised=5), told(1, raised=3), ("earlier",)),
        (told(1, raised=3), told(1, raised=5, grade=3), ("later", "higher")),
        (told(1, calls=False), told(1, grade=1), ("now calls", "lower")),
        (told(1), told(1, calls=False), ("no longer calls",)),
    ],
)
def test_the_ways_in_which_an_alert_changes(
    a: Told | None, b: Told | None, changes: tuple[Change, ...]
) -> None:
    assert changes_of(a, b) == changes


def test_alerts_are_the_same_episode_only_where_they_overlap() -> None:
    of_a = [outcome(told(0), told(30))]
    of_b = [outcome(told(5, raised=8), told(50), told(52))]

    found = comparison(of_a, of_b, ("a" * 64, "b" * 64), Remarks())

    assert found.counts == {"later": 1, "lost": 1, "gained": 2}
    assert (found.patient_hours, found.sessions) == (1.0, 1)
    assert (found.a.alerts, found.b.alerts) == (2, 3)
    assert found.b.calls_per_patient_hour == 3.0
    assert found.median_minutes_earlier == -8.0


def test_a_session_that_one_does_not_have_is_lost_with_its_alerts() -> None:
    found = comparison([outcome(told(0))], [], ("a", "b"), Remarks())

    assert found.counts == {"lost": 1}
    assert found.patient_hours == 1.0


def test_the_report_says_it_in_words_and_nothing_breaks_its_table() -> None:
    found = comparison([outcome()], [outcome(told(3))], ("a", "b"), Remarks())

    lines = list(comparison_lines(found, "infusion-monitor compare a b night"))

    assert "B raises 1 alerts that A does not" in lines[2]
    (row,) = [line for line in lines if line.startswith("| night")]
    assert r"Temp 39 \| \<b>" in row
    assert re.sub(r"\\\|", "", row).count("|") == 6


def test_a_configuration_against_itself_changes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["compare", str(CONFIG), str(CONFIG), str(REACTION), "--json", "--no-pages"]) == 0

    found = msgspec.json.decode(capsys.readouterr().out)
    assert found["rows"] == []
    assert found["counts"] == {"same": 1}


def test_another_limit_tells_another_story_with_pages_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    other, pages = tmp_path / "other", tmp_path / "compare-pages"
    shutil.copytree(CONFIG, other)
    book = other / "rulebooks" / "infusion.toml"
    text = book.read_text("utf-8")
    lower = text.replace(
        'channel = "hr", basis = "level", comparison = "<=", value = 54',
        'channel = "hr", basis = "level", comparison = "<=", value = 42',
    ).replace(
        'channel = "hr", basis = "level", comparison = "<=", value = 49',
        'channel = "hr", basis = "level", comparison = "<=", value = 41',
    )
    assert lower != text
    book.write_text(lower, encoding="utf-8")

    code = main(["compare", str(CONFIG), str(other), str(CHAIRS)])

    out = capsys.readouterr().out
    assert code == 0
    assert "1 later" in out
    for link in re.findall(r"\]\(([^)]+\.html)\)", out):
        assert (tmp_path / link).is_file()
    assert "[A](compare-pages/1-a.html) [B](compare-pages/1-b.html)" in out
    assert f"compare {CONFIG} {other} {CHAIRS} --pages compare-pages`" in out
    assert "Suspected vasovagal, grade 4" in (pages / "1-a.html").read_text("utf-8")
    assert (pages / "1-a.html").read_text("utf-8") != (pages / "1-b.html").read_text("utf-8")


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["compare", str(CONFIG), str(CONFIG), str(tmp_path / "none")]
    assert main([*command, "--no-pages"]) == 4
    assert "none" in capsys.readouterr().err
