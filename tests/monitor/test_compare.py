"""Two configurations over one archive: what is gained, lost, earlier and later."""

import gzip
import json
import re
import shlex
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
from monitor.settings.other_books import with_book
from monitor.settings.settings import load_settings
from monitor.tables.faults import ConfigError

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


def slower(folder: Path) -> Path:
    """Return a copy of the configuration in which a pulse counts as slow later."""
    shutil.copytree(CONFIG, folder)
    book = folder / "rulebooks" / "infusion.toml"
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
    return folder


def test_another_limit_tells_another_story_with_pages_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    other, pages = slower(tmp_path / "other"), tmp_path / "compare-pages"

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


def test_any_engine_and_cut_compares_the_same_and_goes_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = slower(tmp_path / "other")
    archive = tmp_path / "nights"
    archive.mkdir()
    for path in (REACTION, CHAIRS):
        shutil.copy(path, archive)
    progress = tmp_path / "progress"
    ways: list[list[str]] = [
        [],
        ["--engine", "processes", "--jobs", "2", "--chunk", "2"],
        ["--resume", str(progress)],
        ["--resume", str(progress)],
    ]
    said: list[object] = []
    shown: list[dict[str, str]] = []
    for number, way in enumerate(ways):
        pages = tmp_path / f"pages-{number}"
        command = ["compare", str(CONFIG), str(other), str(archive), "--json"]
        assert main([*command, "--pages", str(pages), *way]) == 0
        captured = capsys.readouterr()
        said.append(json.loads(captured.out.replace(pages.as_posix(), "pages")))
        shown.append({path.name: path.read_text("utf-8") for path in sorted(pages.iterdir())})
        assert ("2/2 files" in captured.err) == (number < len(ways) - 1)
    assert said == [said[0]] * len(ways)
    assert shown == [shown[0]] * len(ways)
    assert set(shown[0]) == {"1-a.html", "1-b.html"}
    found = msgspec.convert(said[0], dict)
    assert found["sessions"] == 4
    assert found["counts"]["later"] == 1


def test_progress_of_another_comparison_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = ["--resume", str(tmp_path / "progress"), "--no-pages"]
    other = slower(tmp_path / "other")
    assert main(["compare", str(CONFIG), str(CONFIG), str(REACTION), *progress]) == 0
    assert main(["compare", str(CONFIG), str(other), str(REACTION), *progress]) == 4
    assert "belongs to other work" in capsys.readouterr().err


def test_a_bad_file_is_named_by_any_engine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.jsonl"
    lines = gzip.decompress(REACTION.read_bytes()).splitlines(keepends=True)
    bad.write_bytes(b"".join(lines[:5]) + b'{"now_ms": "soon"}\n')
    for engine in ("serial", "processes"):
        command = ["compare", str(CONFIG), str(CONFIG), str(REACTION), str(bad), "--no-pages"]
        assert main([*command, "--engine", engine]) == 4
        said = capsys.readouterr().err
        assert f"{bad}:6: " in said
        assert "now_ms" in said


def test_another_book_is_compared_without_a_copy_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = slower(tmp_path / "other")
    assert main(["compare", str(CONFIG), str(made), str(CHAIRS), "--json", "--no-pages"]) == 0
    expected = msgspec.json.decode(capsys.readouterr().out)
    ours = made / "rulebooks" / "infusion.toml"
    pages, kept = tmp_path / "pages", tmp_path / "kept"
    command = ["compare", str(CONFIG), str(CHAIRS), "--book", str(ours)]

    assert main([*command, "--json", "--no-pages"]) == 0

    found = msgspec.json.decode(capsys.readouterr().out)
    assert found == expected

    assert main([*command, "--pages", str(pages)]) == 0
    said = capsys.readouterr().out
    assert f"compare {CONFIG} {CHAIRS} --book {ours} --pages {pages}`" in said
    again = shlex.join(["infusion-monitor", *command, "--pages", str(pages)])
    assert again in (pages / "1-b.html").read_text("utf-8")
    assert f"--config {CONFIG} --to 1-a.html" in (pages / "1-a.html").read_text("utf-8")

    assert main([*command, "--pages", str(pages), "--keep", str(kept)]) == 0
    assert f"--config {kept} --to 1-b.html" in (pages / "1-b.html").read_text("utf-8")
    assert load_settings(kept).digest == expected["b"]["digest"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--book", "news2"], 1, "'news2' cannot be active"),
        (["--book", "nobody"], 1, "unknown rule book 'nobody'"),
        (["--book", "nowhere.toml"], 1, "nowhere.toml: cannot be read"),
        (["--keep", "x"], 2, "names no recording"),
    ],
)
def test_a_book_that_cannot_be_in_force_is_refused(
    options: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(CONFIG), str(CHAIRS), *options, "--no-pages"]) == code
    assert words in capsys.readouterr().err


def test_a_book_takes_the_place_of_the_active_one_or_of_its_name(tmp_path: Path) -> None:
    text = (CONFIG / "rulebooks" / "infusion.toml").read_text("utf-8")
    ours = tmp_path / "draft.toml"
    ours.write_text(text.replace('name = "infusion"', 'name = "draft-2"', 1), encoding="utf-8")

    made = with_book(CONFIG, str(ours), tmp_path / "made")
    again = with_book(made, "draft-2", tmp_path / "made-again")

    names = {path.name for path in (made / "rulebooks").iterdir()}
    assert names == {path.name for path in (CONFIG / "rulebooks").iterdir()}
    assert 'name = "draft-2"' in (made / "rulebooks" / "infusion.toml").read_text("utf-8")
    assert load_settings(made).site.rule_book == "draft-2"
    assert load_settings(again).digest == load_settings(made).digest

    for wrong, words in (("name = 3", "a rule book has a name, got 3"), ("name", "is no TOML")):
        ours.write_text(wrong, encoding="utf-8")
        with pytest.raises(ConfigError, match=words):
            with_book(CONFIG, str(ours), tmp_path / "made")
