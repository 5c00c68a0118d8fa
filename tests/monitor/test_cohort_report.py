"""The report of a cohort: the figures behind a score, and the page that shows them."""

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from monitor.__main__ import main
from monitor.cohort_files import write_cohort
from monitor.engines.local import SerialEngine
from monitor.facts.truth import TrueEvent, TrueSession
from monitor.study.ablation import Ablation, RowRemoved
from monitor.study.cohort_detail import CohortDetail, detail_of
from monitor.study.cohort_heard import MINUTE_MS, USUAL_CARE, HeardAlert, SessionHeard
from monitor.study.cohort_trust import wilson
from monitor.study.peers import KEYS
from simulators.cohorts import Cohort

CONFIG = Path(__file__).resolve().parents[2] / "config"
START_MS = 1_795_000_000_000
HOUR_MS = 60 * MINUTE_MS


def alert(
    at_min: float, *, lasts_min: float = 10, grade: int = 3, rules: str = "a b"
) -> HeardAlert:
    at_ms = START_MS + round(at_min * MINUTE_MS)
    return HeardAlert(
        id=f"al-{at_min}",
        cause="reaction",
        pattern="anaphylaxis",
        grade=grade,
        reached_ms=(at_ms, None, None, None),
        called_ms=at_ms if grade >= 2 else None,
        ended_ms=at_ms + round(lasts_min * MINUTE_MS),
        rules=tuple(rules.split()),
    )


def session(*alerts: HeardAlert, onset_min: int | None = None, looked: int = 0) -> SessionHeard:
    events: tuple[TrueEvent, ...] = ()
    if onset_min is not None:
        onset_ms = START_MS + onset_min * MINUTE_MS
        events = (
            TrueEvent(
                pattern="anaphylaxis", grade=3, onset_ms=onset_ms, peak_ms=onset_ms + 600_000
            ),
        )
    truth = TrueSession(
        bed="1", session="S", start_ms=START_MS, end_ms=START_MS + 4 * HOUR_MS, events=events
    )
    peers: dict[str, tuple[int, ...]] = dict.fromkeys((*KEYS, USUAL_CARE), ())
    if looked:
        peers[USUAL_CARE] = (START_MS + looked * MINUTE_MS,)
    return SessionHeard(truth=truth, alerts=alerts, steps=(), peers=peers)


@pytest.fixture(scope="module")
def detail() -> CohortDetail:
    return detail_of(
        [
            session(alert(62), onset_min=60, looked=75),
            session(alert(72), onset_min=60),
            session(onset_min=60, looked=65),
            session(alert(10, rules="a"), alert(20, lasts_min=0.5), alert(30, grade=1)),
            session(),
        ]
    )


def test_events_are_counted_by_pattern_grade_and_time(detail: CohortDetail) -> None:
    (row,) = detail.detection
    assert (row.pattern, row.grade, row.events) == ("anaphylaxis", 3, 3)
    assert (row.before, row.in_time, row.late, row.missed) == (0, 1, 1, 1)


def test_a_curve_ends_at_the_share_that_was_found(detail: CohortDetail) -> None:
    ours, _, usual, *peers = detail.curves
    assert [one.key for one in peers] == list(KEYS)
    assert ours.points == ((2.0, 0.3333), (12.0, 0.6667))
    assert usual.points == ((5.0, 0.3333), (15.0, 0.6667))
    assert detail.lead_grade3.points == ((-2.0, 0.3333), (8.0, 0.6667))
    assert detail.lead_usual_care.points == ((13.0, 1.0),)
    assert (detail.found_only_here, detail.found_only_by_usual_care) == (1, 1)


def test_false_calls_are_those_that_belong_to_no_event(detail: CohortDetail) -> None:
    assert [row.calls for row in detail.false] == [0, 0, 2, 0]
    low, high = detail.false[2].interval
    assert low < (detail.false[2].per_patient_hour or 0) < high
    assert (detail.quiet_sessions, detail.quiet_sessions_called) == (2, 1)


def test_the_load_counts_what_flickers(detail: CohortDetail) -> None:
    load = detail.load
    assert (load.alerts, load.calls, load.fleeting, load.chattering_sessions) == (5, 4, 1, 1)
    assert load.most_in_one_session == 3
    assert load.longest_minutes == 10


def test_a_row_of_the_book_is_told_apart_from_one_that_stood_alone(detail: CohortDetail) -> None:
    found = {row.rule: row for row in detail.rules}
    assert (found["a"].calls, found["a"].false, found["a"].alone) == (4, 2, 1)
    assert (found["b"].calls, found["b"].alone, found["b"].alone_false) == (3, 0, 0)


def test_nothing_is_counted_where_nothing_was() -> None:
    found = detail_of([])
    assert found.detection == ()
    assert found.rules == ()
    assert found.quiet_interval is None
    assert found.load.alerts_per_patient_hour is None


@pytest.mark.parametrize(
    ("count", "of", "expected"), [(0, 10, (0.0, 0.2775)), (5, 10, (0.2366, 0.7634))]
)
def test_the_interval_of_a_share_is_wilsons(
    count: int, of: int, expected: tuple[float, float]
) -> None:
    assert wilson(count, of) == expected


class Page(HTMLParser):
    """Counts what a page holds, and what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [name for name, _ in attrs if name in {"src", "href"}]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    made = Cohort(sessions=1, beds_per_file=1, hours=0.5, cadence_s=60, seed=3)
    write_cohort(made, folder, engine=SerialEngine(), software="t", err=io.StringIO())
    return folder


def sweep_file(folder: Path) -> Path:
    """Write what a sweep of one value would have written."""
    point = {"words": "w", "load_interval": None, "in_force": False, "on_front": True}
    limit: dict[str, object] = dict.fromkeys(
        ("rule", "channel", "basis", "comparison", "unit", "in_force"), "x"
    )
    told: dict[str, object] = {
        **dict.fromkeys(("source", "command", "config", "sensitivity_is", "load_is"), "x"),
        "limit": {"clause": 1, **limit},
        "points": [{**point, "key": "value", "value": "1", "sensitivity": 0.5, "load": 0.1}],
    }
    path = folder / "sweep.json"
    path.write_text(json.dumps(told))
    return path


def test_the_page_stands_alone_and_says_how_it_was_made(cohort: Path, tmp_path: Path) -> None:
    page, sweep = tmp_path / "cohort.html", sweep_file(tmp_path)
    command = ["report", str(cohort), "--config", str(CONFIG), "--to"]

    rows = (RowRemoved(rule="a.1", reasons=3, events_lost=2, minutes_later=1.5),)
    without = Ablation(
        source="c", command="made so", config="sha", files=1, of_files=2, sessions=1, events=4,
        calls=5, false_calls=0, rows=rows,
    )  # fmt: skip
    ablation = tmp_path / "ablation.json"
    ablation.write_bytes(msgspec.json.encode(without))

    more = ["--sweep", str(sweep), "--ablation", str(ablation)]
    assert main([*command, str(page), *more]) == 0

    text = page.read_text("utf-8")
    found = Page(text)
    assert found.fetched == []
    assert found.tags.count("svg") == 8
    assert "script" not in found.tags
    assert f"infusion-monitor score cohort {cohort}" in text
    assert "<td>a.1</td><td>3</td><td>2</td><td>0</td><td>0</td><td>1.5</td>" in text
    assert "Numbers: made so" in text
    assert f"--ablation {ablation}" in text
    assert re.search(r'<html lang="en" data-tall="\d+">', text)
    beside = page.with_suffix(".csv").read_text("utf-8")
    assert beside.startswith("table,row,column,value\n")
    assert "\nscore,1,sessions,1\n" in beside
    assert "\nablation.rows,1,events_lost,2\n" in beside
    assert re.search(r"\nsweep\.points,1,sensitivity,0\.\d+\n", beside)


def test_a_wrong_place_or_sweep_is_refused_before_the_work(cohort: Path, tmp_path: Path) -> None:
    command = ["report", str(cohort), "--config", str(CONFIG), "--to"]
    (tmp_path / "sweep.json").write_text("[]")

    assert main([*command, str(tmp_path)]) == 2
    page = str(tmp_path / "cohort.html")
    assert main([*command, page, "--sweep", str(tmp_path / "sweep.json")]) == 4


@pytest.mark.parametrize(
    ("of", "more", "told"),
    [
        ("cohort", ["--session", "S-1"], "--session is of the report of sessions, not of a cohort"),
        ("cohort", ["--truth", "t.jsonl"], "--truth is of the report of sessions, not of a cohort"),
        ("session", ["--sweep", "s.json"], "--sweep is of the report of a cohort, not of sessions"),
        ("session", ["--ablation", "a.json"], "--ablation is of the report of a cohort, not of"),
        ("session", ["--jobs", "2"], "--jobs is of the report of a cohort, not of sessions"),
    ],
)
def test_an_option_of_the_other_report_is_refused(
    of: str,
    more: list[str],
    told: str,
    cohort: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = cohort if of == "cohort" else next(cohort.glob("*.jsonl.gz"))
    page = tmp_path / "page.html"

    assert main(["report", str(path), "--to", str(page), "--config", str(CONFIG), *more]) == 2

    assert told in " ".join(capsys.readouterr().err.replace("\u2502", " ").split())
    assert not page.exists()
