"""Ablation: what is lost and gained without a row, on hand-made sessions and on a small cohort."""

import io
import json
import tomllib
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from cohort_wards import cohort_of

from monitor.__main__ import main
from monitor.cohort_files import write_cohort
from monitor.engines.local import SerialEngine
from monitor.facts.truth import TrueEvent, TrueSession
from monitor.study.ablation import Ablation, RowRemoved, ablation_lines, changed, removed
from monitor.study.cohort_heard import MINUTE_MS, USUAL_CARE, HeardAlert, SessionHeard
from monitor.study.peers import KEYS

CONFIG = Path(__file__).resolve().parents[2] / "config"
START_MS = 1_795_000_000_000


def heard(*called_min: float, onset_min: int | None = None) -> SessionHeard:
    """Return a session of four hours with calls at these minutes, and an event or none."""
    alerts = tuple(
        HeardAlert(
            id=f"al-{at}",
            cause="reaction",
            pattern="",
            grade=3,
            reached_ms=(START_MS, None, None, None),
            called_ms=START_MS + round(at * MINUTE_MS),
            ended_ms=None,
        )
        for at in called_min
    )
    events: tuple[TrueEvent, ...] = ()
    if onset_min is not None:
        onset_ms = START_MS + onset_min * MINUTE_MS
        events = (
            TrueEvent(
                pattern="febrile", grade=2, onset_ms=onset_ms, peak_ms=onset_ms, end_ms=onset_ms
            ),
        )
    truth = TrueSession(
        bed="1", session="S", start_ms=START_MS, end_ms=START_MS + 240 * MINUTE_MS, events=events
    )
    peers: dict[str, tuple[int, ...]] = dict.fromkeys((*KEYS, USUAL_CARE), ())
    return SessionHeard(truth=truth, alerts=alerts, steps=(), peers=peers)


def test_what_a_row_does_is_told_event_by_event_and_call_by_call() -> None:
    whole = [heard(62, onset_min=60), heard(62, onset_min=60), heard(onset_min=60), heard(10)]
    without = [heard(onset_min=60), heard(65, 66, onset_min=60), heard(70, onset_min=60), heard()]

    found = changed("a", 7, whole, without)

    assert (found.events_lost, found.events_gained) == (1, 1)
    assert (found.events_later, found.minutes_later) == (1, 3.0)
    assert (found.calls_lost, found.calls_gained) == (2, 2)
    assert (found.false_lost, found.false_gained) == (1, 0)
    assert changed("a", 0, whole, whole) == RowRemoved(rule="a", reasons=0)


def test_one_row_is_left_out_and_the_rest_is_the_same(tmp_path: Path) -> None:
    rule, book = "hypotension.fall-30.1", CONFIG / "rulebooks" / "infusion.toml"
    before = tomllib.loads(book.read_text("utf-8"))

    for _ in range(2):  # into a folder that is there already, too
        folder = removed(CONFIG, book, rule, tmp_path / "without")

    after = tomllib.loads((folder / "rulebooks" / "infusion.toml").read_text("utf-8"))
    assert after["rule"] == [row for row in before["rule"] if row["id"] != rule]
    assert len(after["rule"]) == len(before["rule"]) - 1
    assert {**after, "rule": 0} == {**before, "rule": 0}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    made = replace(cohort_of("anaphylaxis", sessions=1, seed=7), hours=0.5, cadence_s=60)
    write_cohort(made, folder, engine=SerialEngine(), software="t", err=io.StringIO())
    return folder


def test_the_command_says_what_is_lost(cohort: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["score", "ablation", str(cohort), "--rows", "1", "--config", str(CONFIG)]

    assert main([*command, "--files", "1", "--json"]) == 0

    told = capsys.readouterr().out
    found = json.loads(told)
    assert (found["files"], found["of_files"], found["sessions"]) == (1, 1, 1)
    (row,) = found["rows"]
    assert row["reasons"] >= 1
    assert row["fault"] == ""
    assert found["command"].endswith(f"{cohort} --rows 1 --files 1 --config {CONFIG}")
    said = list(ablation_lines(msgspec.json.decode(told, type=Ablation)))
    assert any(line.startswith(f"| {row['rule']} | {row['reasons']} |") for line in said)


def test_a_row_that_nobody_knows_or_that_cannot_go_is_told(
    cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["score", "ablation", str(cohort), "--config", str(CONFIG)]
    assert main([*command, "--rule", "sneezing.1"]) == 2
    assert "sneezing.1: no rule of" in capsys.readouterr().err
    stuck = RowRemoved(rule="a", reasons=3, fault="book has no row")
    found = Ablation(
        source="c", command="x", config="sha", files=1, of_files=2, sessions=1, events=0, calls=0,
        false_calls=0, rows=(stuck,),
    )  # fmt: skip
    assert "| a | 3 | cannot be removed: book has no row |" in "\n".join(ablation_lines(found))
