"""How far what is told can be trusted: grades and names against the truth, reasons for nothing."""

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.facts.truth import TrueEvent, TrueSession
from monitor.reports.cohort_csv import HEAD, cohort_csv
from monitor.reports.trust_sections import REASONS_SHOWN, trust_sections
from monitor.study.cohort import ScoredCohort
from monitor.study.cohort_detail import detail_of
from monitor.study.cohort_found import is_false
from monitor.study.cohort_heard import MINUTE_MS, USUAL_CARE, HeardAlert, SessionHeard
from monitor.study.cohort_score import CohortScore, score_of
from monitor.study.cohort_trust import GRADES, CohortTrust, belongs, trust_of, wilson
from monitor.study.peers import KEYS

START_MS = 1_795_000_000_000
HOURS = 4


def alert(
    at_min: int,
    *,
    grade: int = 3,
    pattern: str = "anaphylaxis",
    rules: str = "a",
    points: int | None = 70,
) -> HeardAlert:
    at_ms = START_MS + at_min * MINUTE_MS
    return HeardAlert(
        id=f"al-{at_min}",
        cause="reaction",
        pattern=pattern,
        grade=grade,
        reached_ms=(at_ms, None, None, None),
        called_ms=at_ms if grade >= 2 else None,
        ended_ms=None,
        rules=tuple(rules.split()),
        points_centi=None if points is None else points * 100,
    )


def event(onset_min: int, *, grade: int = 3, pattern: str = "anaphylaxis") -> TrueEvent:
    onset_ms = START_MS + onset_min * MINUTE_MS
    return TrueEvent(
        pattern=pattern,
        grade=grade,
        onset_ms=onset_ms,
        peak_ms=onset_ms + 5 * MINUTE_MS,
        end_ms=onset_ms + 20 * MINUTE_MS,
    )


def session(*alerts: HeardAlert, events: Sequence[TrueEvent] = ()) -> SessionHeard:
    truth = TrueSession(
        bed="1",
        session="S",
        start_ms=START_MS,
        end_ms=START_MS + HOURS * 60 * MINUTE_MS,
        events=tuple(events),
    )
    peers: dict[str, tuple[int, ...]] = dict.fromkeys((*KEYS, USUAL_CARE), ())
    return SessionHeard(truth=truth, alerts=alerts, steps=(), peers=peers)


SESSIONS = (
    session(alert(102, grade=3), events=[event(100, grade=4)]),
    session(alert(103, grade=3, points=30), events=[event(100, grade=2, pattern="febrile")]),
    session(alert(20, grade=3, rules="a b"), alert(101, grade=1), events=[event(100, grade=1)]),
    session(alert(30, grade=2, rules="b", pattern="febrile", points=None)),
    session(),
)


@pytest.fixture(scope="module")
def trust() -> CohortTrust:
    return trust_of(SESSIONS)


def test_a_grade_is_held_against_what_it_belonged_to(trust: CohortTrust) -> None:
    one, two, three, four = trust.grades
    assert (three.alerts, three.none, three.true) == (3, 1, (0, 1, 0, 1))
    assert (three.as_grave, three.interval) == (0.3333, wilson(1, 3))
    assert three.near == 0.6667
    assert (one.alerts, one.true, one.as_grave) == (1, (1, 0, 0, 0), 1.0)
    assert (two.alerts, two.none, two.as_grave) == (1, 1, 0.0)
    assert (four.alerts, four.as_grave, four.interval) == (0, None, None)


def test_a_name_is_held_against_the_evidence_for_it(trust: CohortTrust) -> None:
    found = {row.points: (row.alerts, row.right, row.share) for row in trust.names}
    # The alert without points, and those of no event, have no name to be right about.
    assert found[20] == (1, 0, 0.0)
    assert found[60] == (2, 2, 1.0)
    assert found[0] == found[40] == found[80] == (0, 0, None)


def test_every_reason_of_a_call_for_nothing_is_counted(trust: CohortTrust) -> None:
    b, a = trust.false_reasons
    assert (b.rule, b.calls, b.false, b.alone, b.share) == ("b", 2, 2, 1, 1.0)
    assert (a.rule, a.calls, a.false, a.alone, a.share) == ("a", 3, 1, 0, 0.5)
    assert (a.right, a.interval) == (0.6667, wilson(2, 3))
    # Five sessions of four hours, three of which belong for 85 minutes to an event.
    assert b.per_patient_hour == round(2 / (5 * HOURS - 3 * 85 / 60), 4)


def test_what_was_called_for_nothing_has_a_name_and_a_place(trust: CohortTrust) -> None:
    found = {row.name: (row.false, row.quiet, row.share) for row in trust.false_names}
    assert found == {"anaphylaxis": (1, 0, 0.5), "febrile": (1, 1, 0.5)}


def test_of_several_events_the_gravest_counts() -> None:
    mild, grave = event(100, grade=1), event(110, grade=3)
    assert belongs(START_MS + 112 * MINUTE_MS, (mild, grave)) == grave
    assert belongs(START_MS + 100 * MINUTE_MS, (mild, grave)) == mild
    assert belongs(START_MS + 10 * MINUTE_MS, (mild, grave)) is None


ALERTS = st.builds(
    alert,
    st.integers(0, 230),
    grade=st.integers(1, 4),
    rules=st.sampled_from(["", "a", "a b", "c"]),
    points=st.none() | st.integers(-20, 120),
)
EVENTS = st.builds(event, st.integers(10, 200), grade=st.integers(1, 4))


@given(
    st.lists(
        st.tuples(st.lists(ALERTS, max_size=4), st.lists(EVENTS, max_size=2)),
        min_size=1,
        max_size=5,
    )
)
def test_every_alert_is_counted_once(made: list[tuple[list[HeardAlert], list[TrueEvent]]]) -> None:
    sessions = [session(*alerts, events=events) for alerts, events in made]
    found = trust_of(sessions)
    for told, row in zip(GRADES, found.grades, strict=True):
        mine = [one for alerts, _ in made for one in alerts if one.grade == told]
        assert row.none + sum(row.true) == row.alerts == len(mine)
    false = sum(
        one.called_ms is not None and is_false(one.called_ms, heard.truth)
        for heard in sessions
        for one in heard.alerts
    )
    assert sum(row.false for row in found.false_names) == false
    assert all(row.alone <= row.false <= row.calls for row in found.false_reasons)


def test_the_sections_say_what_the_numbers_say(trust: CohortTrust) -> None:
    text = "\n".join(trust_sections(trust, "make it so"))
    assert "<td>33.3 % (6.2 % to 79.2 %)</td>" in text
    assert "<td>20 to below 40</td><td>1</td>" in text
    assert "<td>b</td><td>2 of 2</td><td>100.0 %</td>" in text
    assert text.count("<code>make it so</code>") == 3


def test_a_page_shows_the_first_reasons_and_says_so() -> None:
    many = session(alert(20, rules=" ".join(f"r{one}" for one in range(REASONS_SHOWN + 1))))
    text = "\n".join(trust_sections(trust_of([many]), "x"))
    assert f"The first {REASONS_SHOWN} of {REASONS_SHOWN + 1}" in text


def test_nothing_is_trusted_where_nothing_was() -> None:
    found = trust_of([])
    assert (found.false_reasons, found.false_names) == ((), ())
    assert all(row.as_grave is None for row in found.grades)
    assert "<svg" in "\n".join(trust_sections(found, "x"))


def test_the_csv_holds_every_number_of_the_json() -> None:
    score = score_of(SESSIONS)
    kept = {name: getattr(score, name) for name in CohortScore.__struct_fields__}
    found = ScoredCohort(**kept, detail=detail_of(SESSIONS))
    lines = list(csv.reader(io.StringIO(cohort_csv(found))))
    assert tuple(lines[0]) == HEAD
    cells = {(table, row, column): value for table, row, column, value in lines[1:]}
    assert len(cells) == len(lines) - 1
    assert cells["score", "1", "sessions"] == "5"
    assert cells["rules", "1", "rule"] == "this monitor, somebody is called"
    assert cells["rules", "1", "false_interval.1"] == str(score.rules[0].false_interval[0])
    assert cells["confusion", "5", "4"] == "1"
    assert cells["detail.trust.grades", "3", "as_grave"] == "0.3333"
    assert cells["detail.trust.grades", "4", "as_grave"] == ""
    assert cells["detail.trust.grades", "3", "true.4"] == "1"
    assert cells["detail.trust.false_reasons", "1", "rule"] == "b"
