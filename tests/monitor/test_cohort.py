"""Cohorts: the arithmetic of the score on hand-made sessions, and a small ward from end to end."""

import io
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.channels import MISSING, N_CHANNELS
from monitor.__main__ import main
from monitor.adapters.recording import FORMAT, Header, write_recording
from monitor.engines.local import ProcessEngine, SerialEngine
from monitor.facts.truth import TrueEvent, TrueSession
from monitor.study.cohort import run_cohort
from monitor.study.cohort_found import AFTER_MS, BEFORE_MS, OURS, OURS_SHOWN, found_by
from monitor.study.cohort_heard import MINUTE_MS, USUAL_CARE, HeardAlert, SessionHeard
from monitor.study.cohort_patterns import longest_name
from monitor.study.cohort_score import score_of, weighted_kappa
from monitor.study.cohort_tables import lines
from monitor.study.cohort_ward import CURRENT_MS, begun, current
from monitor.study.peers import KEYS
from monitor.study.runs import Run
from simulators.chairs import chair
from simulators.recording import STARTED_MS, recorded_steps
from simulators.scenario import ReactionOption, Scenario, planted, ward_scenario

CONFIG = Path(__file__).resolve().parents[2] / "config"
START_MS = 1_795_000_000_000
HOUR_MS = 60 * MINUTE_MS


def event(onset_min: int = 60, peak_min: int = 70, grade: int = 3) -> TrueEvent:
    onset_ms = START_MS + onset_min * MINUTE_MS
    peak_ms = START_MS + peak_min * MINUTE_MS
    return TrueEvent(
        pattern="anaphylaxis", grade=grade, onset_ms=onset_ms, peak_ms=peak_ms, end_ms=peak_ms
    )


def alert(at_min: float, grade: int = 3, pattern: str = "anaphylaxis") -> HeardAlert:
    at_ms = START_MS + round(at_min * MINUTE_MS)
    reached = tuple(at_ms if grade >= each else None for each in (1, 2, 3, 4))
    return HeardAlert(
        id=f"al-{at_min}",
        cause="reaction",
        pattern=pattern,
        grade=grade,
        reached_ms=reached,  # type: ignore[arg-type]  # four
        called_ms=at_ms if grade >= 2 else None,
        ended_ms=at_ms + 10 * MINUTE_MS,
    )


def session(
    *alerts: HeardAlert,
    events: tuple[TrueEvent, ...] = (),
    peers: dict[str, list[int]] | None = None,
) -> SessionHeard:
    truth = TrueSession(
        bed="1", session="S", start_ms=START_MS, end_ms=START_MS + 4 * HOUR_MS, events=events
    )
    found = dict.fromkeys((*KEYS, USUAL_CARE), ())
    given = {
        key: tuple(START_MS + at * MINUTE_MS for at in times)
        for key, times in (peers or {}).items()
    }
    return SessionHeard(truth=truth, alerts=alerts, steps=(), peers={**found, **given})


def test_what_began_after_the_person_left_is_neither_found_nor_missed() -> None:
    left = session()
    late = msgspec.structs.replace(
        left, truth=msgspec.structs.replace(left.truth, unobserved=(event(onset_min=400),))
    )
    found = score_of([session(alert(62), events=(event(),)), late])

    assert (found.events, found.quiet_sessions, found.unobserved_events) == (1, 1, 1)
    assert found.rules[0].missed == 0
    assert any("1 events began after the person had left" in line for line in lines(found))


@pytest.mark.parametrize(
    ("at_min", "when"),
    [
        (54.9, "missed"),
        (55, "before"),
        (59.9, "before"),
        (60, "in time"),
        (70, "in time"),
        (70.1, "late"),
        (130, "late"),
        (130.1, "missed"),
    ],
)
def test_an_event_is_found_before_in_time_late_or_not(at_min: float, when: str) -> None:
    times = [START_MS + round(at_min * MINUTE_MS)]
    assert (BEFORE_MS, AFTER_MS) == (5 * MINUTE_MS, 60 * MINUTE_MS)
    assert found_by(times, event()).when == when


def test_what_comes_long_after_the_end_is_neither_found_nor_right_in_the_narrow_window() -> None:
    """The event ends at 70 min: 85 belongs to it in both, 86 only where an hour is taken."""
    found = score_of(
        [
            session(alert(85), events=(event(),)),
            session(alert(86), events=(event(),)),
            session(alert(62), events=(event(),)),
        ]
    )
    wide, narrow = found.rules[0], found.narrow_rules[0]
    assert (wide.found, wide.late, wide.in_time, wide.ppv) == (1.0, 0.6667, 0.3333, 1.0)
    assert (narrow.found, narrow.late, narrow.in_time, narrow.ppv) == (
        0.6667, 0.3333, 0.3333, 0.6667,
    )  # fmt: skip
    assert (wide.false_per_patient_hour, wide.share_sessions_false) == (0.0, 0.0)
    uneventful = 3 * (4 - (5 + 10 + 15) / 60)
    assert narrow.false_per_patient_hour == pytest.approx(1 / uneventful, abs=1e-4)
    assert narrow.share_sessions_false == 0.3333
    said = list(lines(found))
    (head,) = [line for line in said if line.startswith("| Rule, to 15 min after the end |")]
    row = said[said.index(head) + 2].strip("| ").split(" | ")
    assert row[:3] == [narrow.rule, "66.7 %", "33.3 %"]
    assert len(row) == len(head.strip("| ").split(" | "))


def test_the_narrow_window_never_finds_more() -> None:
    found = score_of(
        [session(alert(at), events=(event(), event(150, 160))) for at in range(40, 230, 7)]
    )
    for wide, narrow in zip(found.rules, found.narrow_rules, strict=True):
        assert wide.rule == narrow.rule
        assert (wide.before, wide.in_time) == (narrow.before, narrow.in_time)
        assert narrow.found <= wide.found
        assert narrow.alerts_per_patient_hour == wide.alerts_per_patient_hour
    assert found.narrow_rules[0].found < found.rules[0].found
    assert found.narrow_rules[0].ppv < found.rules[0].ppv  # type: ignore[operator]  # both are known


def test_what_is_added_is_counted_and_rounded_once() -> None:
    """Of 15 events one is found before its onset and one in time: 0.0667 each, 0.1333 both."""
    found = score_of(
        [
            session(alert(57), events=(event(),)),
            session(alert(62), events=(event(),)),
            *(session(events=(event(),)) for _ in range(13)),
        ]
    )
    ours = found.rules[0]
    assert (ours.before, ours.in_time, ours.found_by_worst) == (0.0667, 0.0667, 0.1333)
    assert (ours.found, ours.missed) == (0.1333, 0.8667)


def test_a_cohort_is_counted_by_event_and_by_session() -> None:
    found = score_of(
        [
            session(alert(62), events=(event(),)),
            session(alert(20, grade=2), events=(event(),)),
            session(alert(30, grade=1)),
            session(),
        ]
    )
    ours, shown = found.rules[0], found.rules[1]
    assert (ours.found, ours.in_time, ours.missed) == (0.5, 0.5, 0.5)
    assert (ours.minutes_to_alert, ours.minutes_before_worst) == (2.0, 8.0)
    assert ours.found_grade3 == 0.5
    uneventful = 2 * 4 + 2 * (4 - (10 + 65) / 60)
    assert found.uneventful_hours == pytest.approx(uneventful)
    assert ours.false_per_patient_hour == pytest.approx(1 / uneventful, abs=1e-4)
    assert shown.false_per_patient_hour == pytest.approx(2 / uneventful, abs=1e-4)
    assert ours.share_sessions_false == 0.25
    assert ours.ppv == 0.5
    assert found.confusion[3][3] == found.confusion[3][0] == found.confusion[0][1] == 1
    assert found.confusion[0][0] == 1


def test_peers_and_usual_care_stand_beside_and_the_gain_is_told() -> None:
    found = score_of(
        [session(alert(62), events=(event(),), peers={"any_of_four": [65], USUAL_CARE: [120]})]
    )
    by_rule = {rule.rule: rule for rule in found.rules}
    any_of = next(rule for words, rule in by_rule.items() if words.startswith("any of:"))
    assert any_of.minutes_to_alert == 5.0
    assert found.patterns[0].minutes_before_usual_care == 58.0
    assert found.patterns[0].named == 1.0


def test_an_event_that_outlasts_its_session_has_no_time_after_it() -> None:
    times = [START_MS + 200 * MINUTE_MS]
    assert found_by(times, event()).when == "missed"
    assert found_by(times, msgspec.structs.replace(event(), end_ms=None)).when == "late"


def test_names_are_told_with_the_time_for_which_they_were_borne() -> None:
    lasting = msgspec.structs.replace(event(), end_ms=START_MS + 90 * MINUTE_MS)
    names = [(62, "isolated-sign"), (65, "anaphylaxis"), (75, "hypotensive"), (90, "")]
    heard = msgspec.structs.replace(
        alert(62),
        ended_ms=START_MS + 150 * MINUTE_MS,
        names=tuple((START_MS + at * MINUTE_MS, name) for at, name in names),
    )
    found = score_of(
        [
            session(heard, events=(lasting,)),
            session(msgspec.structs.replace(alert(62), names=heard.names[1:2]), events=(lasting,)),
        ]
    ).patterns[0]
    assert found.named == 1.0
    assert found.named_longest == 0.5
    assert found.called == {"anaphylaxis": 0.5, "hypotensive": 0.5}


def test_an_alert_after_the_event_gives_the_name_that_it_had_when_worst() -> None:
    late = msgspec.structs.replace(alert(100), names=((START_MS + 100 * MINUTE_MS, "febrile"),))
    assert longest_name([late], event(), START_MS + 4 * HOUR_MS) == "anaphylaxis"


def test_nothing_scores_nothing_and_does_not_fail() -> None:
    found = score_of([])
    assert (found.events, found.weighted_kappa, found.rules[0].ppv) == (0, None, None)


def test_spans_that_overlap_are_taken_from_the_quiet_time_once() -> None:
    both = score_of([session(events=(event(60, 70), event(65, 75)))])
    assert both.uneventful_hours == pytest.approx(4 - (15 + 65) / 60, abs=0.01)


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        ([[5, 0], [0, 5]], 1.0),
        ([[0, 5], [5, 0]], -1.0),
        ([[20, 5], [10, 15]], 0.4),
        ([[0, 0], [0, 0]], None),
        ([[7, 0], [0, 0]], None),
    ],
)
def test_kappa_is_that_of_the_textbook(table: list[list[int]], kappa: float | None) -> None:
    assert weighted_kappa(np.array(table)) == (None if kappa is None else pytest.approx(kappa))


@given(
    st.lists(
        st.tuples(st.integers(0, 2 * CURRENT_MS), st.integers(0, 2), st.integers(1, 9)),
        max_size=12,
    )
)
def test_the_present_value_is_the_newest_that_is_not_too_old(
    rows: list[tuple[int, int, int]],
) -> None:
    rows.sort(key=lambda row: row[0])
    at_ms = np.array([row[0] for row in rows], np.int64)
    value = np.full((len(rows), N_CHANNELS), MISSING, np.int32)
    for index, (_, channel, number) in enumerate(rows):
        value[index, channel] = number
    if not rows:
        return
    found = current(at_ms, value)
    for index in range(len(rows)):
        for channel in range(3):
            seen = [(rows[j][0], rows[j][2]) for j in range(index + 1) if rows[j][1] == channel]
            fresh = bool(seen) and rows[index][0] - seen[-1][0] <= CURRENT_MS
            assert found[index, channel] == (seen[-1][1] if fresh else MISSING)


def test_a_rule_begins_where_it_did_not_hold_before() -> None:
    holds = np.array([True, True, False, True, False, True])
    assert begun(holds).tolist() == [0, 3, 5]


def write_ward(folder: Path, name: str, seed: int) -> Scenario:
    reactions = [ReactionOption(reaction="anaphylaxis", bed_number=2, onset_s=300)]
    ward = ward_scenario(beds=3, reactions=reactions, seed=seed, length_s=2400, cadence_s=30)
    header = Header(format=FORMAT, unit="inf-a")
    write_recording(folder / f"{name}.jsonl.gz", recorded_steps(ward), header=header)
    onset = {one.bed: STARTED_MS + one.onset_ms for one in planted(ward)}
    truths = []
    for plan in ward.beds:
        at_ms = onset.get(plan.bed)
        events: tuple[TrueEvent, ...] = ()
        if at_ms is not None:
            peak_ms = at_ms + 5 * MINUTE_MS
            events = (TrueEvent(pattern="anaphylaxis", grade=4, onset_ms=at_ms, peak_ms=peak_ms),)
        start_ms = STARTED_MS + (plan.opens_s + plan.start_s) * 1000
        end_ms = STARTED_MS + ward.length_s * 1000
        truths.append(
            TrueSession(
                bed=plan.bed,
                session=chair(plan, ward, unit="inf-a", started_ms=STARTED_MS).session,
                start_ms=start_ms,
                end_ms=end_ms,
                events=events,
            )
        )
    lines = b"".join(msgspec.json.encode(one) + b"\n" for one in truths)
    (folder / f"{name}.truth.jsonl").write_bytes(lines)
    return ward


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cohort")
    write_ward(made, "ward-1", 1)
    write_ward(made, "ward-2", 2)
    return made


def test_a_ward_from_end_to_end_with_the_same_digest_however_it_is_worked(
    folder: Path, tmp_path: Path
) -> None:
    progress = tmp_path / "progress"
    runs = [
        Run(engine=SerialEngine()),
        Run(engine=ProcessEngine(2), files_per_chunk=2),
        Run(engine=SerialEngine(), resume=progress),
        Run(engine=SerialEngine(), resume=progress),
    ]
    said = []
    for run in runs:
        out = io.StringIO()
        code = run_cohort(
            folder, run, config=CONFIG, digest="d", out=out, err=io.StringIO(), as_json=True
        )
        assert code == 0
        said.append(json.loads(out.getvalue()))
    assert all(one == said[0] for one in said)
    assert (said[0]["sessions"], said[0]["events"]) == (6, 2)
    ours = said[0]["rules"][0]
    assert ours["found"] == 1.0
    assert ours["minutes_to_alert"] < 10
    assert said[0]["patterns"][0]["pattern"] == "anaphylaxis"


def test_a_file_without_truth_is_named_and_the_rest_goes_on(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in folder.iterdir():
        if not file.name.startswith("ward-2.truth"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    assert main(["score", "cohort", str(tmp_path), "--config", str(CONFIG), "--json"]) == 1
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["sessions"] == 3
    assert "ward-2.truth.jsonl" in found["faults"][0]
    assert "cannot be read" in said.err


def test_a_folder_without_a_cohort_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", "cohort", str(tmp_path), "--config", str(CONFIG)]) == 4
    assert "simulate --to" in capsys.readouterr().err


def test_the_score_is_a_table_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", "cohort", str(folder), "--config", str(CONFIG)]) == 0
    said = capsys.readouterr().out
    assert "6 sessions (4 in which nothing happened), 2 events" in said
    assert "| anaphylaxis | 2 | 100.0 % |" in said


def test_the_rules_stand_in_the_order_in_which_they_are_named() -> None:
    words = [rule.rule for rule in score_of([]).rules]
    assert len(words) == len(set(words)) == len(KEYS) + len((OURS, OURS_SHOWN, USUAL_CARE))
