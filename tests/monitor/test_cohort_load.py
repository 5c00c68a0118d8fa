"""What is told of a cohort: floods as one person sees them, waiting, priorities, baselines."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.facts.effects import AlertChanged, BaselineChanged, Context
from monitor.facts.records import ActTaken, PumpReported
from monitor.facts.truth import TrueEvent, TrueSession
from monitor.reports.load_sections import load_sections
from monitor.reports.timing_sections import timing_sections
from monitor.study.cohort import ScoredCohort
from monitor.study.cohort_detail import detail_of
from monitor.study.cohort_found import rule_keys
from monitor.study.cohort_heard import (
    MINUTE_MS,
    USUAL_CARE,
    HeardAlert,
    HeardBaseline,
    OtherAlert,
    SessionHeard,
    updated,
    updated_other,
)
from monitor.study.cohort_load import FLOOD_ALERTS, FLOOD_MS, floods_of, load_of, ward_load
from monitor.study.cohort_score import CohortScore, score_of
from monitor.study.cohort_tables import lines
from monitor.study.cohort_ward import Ear
from monitor.study.peers import KEYS
from scripts.cohort_tables import README, SCORING, pages

START_MS = 1_795_000_000_000
HOUR_MS = 60 * MINUTE_MS


def minutes(at_min: float) -> int:
    return START_MS + round(at_min * MINUTE_MS)


def alert(at_min: float, *, priority: int = 2, answered_min: float | None = None) -> HeardAlert:
    """Return an alert of low (0), medium (1) or high (2) priority that stands for ten minutes."""
    at_ms = minutes(at_min)
    low, medium, high = (at_ms if level <= priority else None for level in range(3))
    return HeardAlert(
        id=f"al-{at_min}",
        cause="reaction",
        pattern="anaphylaxis",
        grade=1 + priority,
        reached_ms=(at_ms, None, None, None),
        called_ms=medium,
        ended_ms=at_ms + 10 * MINUTE_MS,
        priority_ms=(low, medium, high),
        acknowledged_ms=None if answered_min is None else minutes(answered_min),
    )


def event(onset_min: float = 60, **more: object) -> TrueEvent:
    plain = TrueEvent(
        pattern="anaphylaxis",
        grade=3,
        onset_ms=minutes(onset_min),
        peak_ms=minutes(onset_min + 10),
        end_ms=minutes(onset_min + 20),
    )
    return msgspec.structs.replace(plain, **more)


def session(
    *alerts: HeardAlert, ward: str = "w", events: Sequence[TrueEvent] = (), **more: object
) -> SessionHeard:
    end_ms = START_MS + 4 * HOUR_MS
    truth = TrueSession(
        bed="1", session="S", start_ms=START_MS, end_ms=end_ms, events=tuple(events)
    )
    peers: dict[str, tuple[int, ...]] = dict.fromkeys((*KEYS, USUAL_CARE), ())
    plain = SessionHeard(truth=truth, alerts=alerts, steps=(), peers=peers, ward=ward)
    return msgspec.structs.replace(plain, **more)


def scored(*sessions: SessionHeard) -> ScoredCohort:
    score = score_of(sessions)
    kept = {name: getattr(score, name) for name in CohortScore.__struct_fields__}
    return ScoredCohort(**kept, detail=detail_of(sessions))


def test_many_quiet_beds_make_a_flood_for_the_one_who_has_them_all() -> None:
    one_each = [session(alert(100 + bed / 2)) for bed in range(11)]
    apart = [session(alert(100 + bed / 2), ward=f"w-{bed}") for bed in range(11)]

    assert score_of(one_each).floods == 0
    calls, shown, technical, everything = ward_load(one_each).streams
    assert (calls.stream, calls.floods, calls.wards_flooded, calls.most_in_10_min) == (
        "calls", 1, 1, 11,
    )  # fmt: skip
    assert (shown.floods, technical.floods, everything.floods) == (1, 0, 1)
    assert calls.share_in_flood == pytest.approx(1 / 25, abs=1e-4)
    assert ward_load(apart).streams[0].floods == 0
    assert (ward_load(one_each).beds, ward_load(apart).beds) == (11, 1)


def test_alerts_about_devices_count_beside_those_about_people() -> None:
    about = tuple(
        OtherAlert(kind="technical", cause="probe", began_ms=minutes(at), calls=at == 10)
        for at in (-1, 10, 11, 300)
    )
    heard = session(alert(12), others=about)
    load = load_of([heard])

    assert (load.technical, load.technical_calls, load.technical_per_patient_hour) == (2, 1, 0.5)
    assert [one.alerts for one in ward_load([heard]).streams] == [1, 1, 2, 3]


@given(st.lists(st.integers(0, 40 * MINUTE_MS), max_size=40))
def test_a_flood_is_eleven_alerts_within_ten_minutes(times: list[int]) -> None:
    times.sort()
    found, left = 0, times
    while left:
        near = [at for at in left if at - left[0] <= FLOOD_MS]
        is_flood = len(near) > FLOOD_ALERTS
        found += is_flood
        left = left[FLOOD_ALERTS + 1 :] if is_flood else left[1:]
    assert floods_of(times) == found


def test_waiting_is_told_only_where_somebody_answers() -> None:
    alone = load_of([session(alert(10), alert(50))])
    answered = load_of([session(alert(10, answered_min=12), alert(50))])

    assert (alone.longest_unacknowledged_minutes, alone.acknowledged) == (None, 0)
    assert (answered.longest_unacknowledged_minutes, answered.acknowledged) == (10.0, 1)
    assert answered.minutes_unacknowledged == 6.0
    silent = "".join(load_sections(scored(session(alert(10))), "made"))
    assert "nobody acknowledges in this cohort" in silent
    assert "longest unacknowledged" not in silent


def test_false_alerts_are_told_by_their_highest_priority() -> None:
    heard = session(
        alert(10, priority=0), alert(20, priority=0), alert(30), alert(62), events=[event()]
    )
    low, medium, high = detail_of([heard]).false_priorities

    assert (low.priority, low.alerts, low.false) == ("low", 2, 2)
    assert (medium.alerts, medium.false) == (0, 0)
    assert (high.alerts, high.false, high.per_session) == (2, 1, 1.0)
    assert high.per_session_interval == (1.0, 1.0)


def test_leads_are_over_grade_3_and_over_the_first_deed() -> None:
    grave = event(grade3_ms=minutes(64))
    found = detail_of(
        [
            session(alert(62), events=[grave], deeds_ms=(minutes(59), minutes(65), minutes(70))),
            session(alert(68), events=[grave], deeds_ms=(minutes(64),)),
            session(events=[event()]),
        ]
    )
    assert found.lead_true_grade3.points == ((-4.0, 0.5), (2.0, 1.0))
    assert (found.lead_true_grade3.events, found.acted) == (2, 2)
    assert found.lead_action.points == ((-4.0, 0.5), (3.0, 1.0))


def test_called_and_shown_are_told_apart_by_pattern_and_over_usual_care() -> None:
    late = {USUAL_CARE: (minutes(80),)}
    peers = {**dict.fromkeys((*KEYS, USUAL_CARE), ()), **late}
    found = scored(
        session(alert(62, priority=0), alert(75), events=[event()], peers=peers),
        session(alert(63, priority=0), events=[event()]),
    )
    (row,) = found.patterns
    assert (row.found, row.minutes_to_alert, row.minutes_before_usual_care) == (1.0, 2.5, 18.0)
    assert (row.called_found, row.called_minutes) == (0.5, 15.0)
    assert row.called_minutes_before_usual_care == 5.0
    detail = found.detail
    assert (detail.lead_usual_care.median, detail.lead_usual_care_called.median) == (18.0, 5.0)
    assert (detail.found_only_here, detail.called_only_here) == (1, 0)
    by_rule = {one.rule: (one.found, one.minutes_to_alert) for one in found.times}
    assert list(by_rule) == list(rule_keys())
    assert by_rule[USUAL_CARE] == (0.5, 20.0)
    said = list(lines(found))
    assert any(
        one.startswith("| usual care") and one.endswith("| 0.125 | 20.0 (50) |") for one in said
    )
    page = "".join(timing_sections(found, "made"))
    assert "<td>15.0 (15.0 to 15.0)</td>" in page


def test_the_baseline_is_calibrated_over_the_sessions_that_have_one() -> None:
    def base(spread: int | None, later: int | None) -> tuple[HeardBaseline, ...]:
        return (
            HeardBaseline(
                channel="sbp",
                centre_centi=12_000,
                readings=4,
                spread_centi=spread,
                drift_centi=-100,
                later_centi=later,
            ),
        )

    found = scored(
        session(baseline=base(300, 500)), session(baseline=base(None, None)), session(alert(10))
    )
    (row,) = found.detail.baseline
    assert (row.channel, row.unit, row.sessions, row.share) == ("sbp", "mmHg", 2, 0.6667)
    assert (row.spread.sessions, row.spread.median, row.drift.median) == (1, 3.0, -1.0)
    assert row.later.p95 == 5.0
    assert "sbp [mmHg]" in "".join(load_sections(found, "made"))


def change(at_min: float, **more: object) -> AlertChanged:
    plain: dict[str, object] = {
        "at_ms": minutes(at_min),
        "bed": "1",
        "session": "S",
        "id": "a",
        "revision": 1,
        "phase": "start",
        "condition": "active",
        "signal": "on",
        "kind": "physiological",
        "priority": "low",
        "cause": "reaction",
        "pattern": "",
        "grade": 1,
        "onset_ms": 0,
        "raised_ms": 0,
        "label": "",
        "because": (),
        "context": Context(),
        "grade_path": (),
        "acknowledged_by": "",
        "acknowledged_ms": None,
        "realert_ms": None,
        "rulebook": "",
    }
    return AlertChanged(**{**plain, **more})  # type: ignore[arg-type]  # by name


def test_an_alert_remembers_when_it_reached_each_priority_and_the_first_answer() -> None:
    heard = updated(None, change(1))
    assert heard.priority_ms == (minutes(1), None, None)
    heard = updated(heard, change(3, priority="high"))
    heard = updated(heard, change(4, priority="medium", acknowledged_ms=minutes(4)))
    heard = updated(heard, change(5, priority="high"))
    ended = {"phase": "end", "condition": "ended", "signal": "latched"}
    heard = updated(heard, change(9, priority="high", acknowledged_ms=minutes(8), **ended))
    # A new one takes its place much later: that is no end of what was over, and nothing stands.
    heard = updated(heard, change(40, priority="high", **{**ended, "phase": "update"}))
    assert heard.priority_ms == (minutes(1), minutes(3), minutes(3))
    assert (heard.acknowledged_ms, heard.ended_ms) == (minutes(4), minutes(9))
    assert updated(None, change(1, priority="info")).priority_ms == (None, None, None)

    other = updated_other(None, change(1, kind="technical", cause="probe", priority="medium"))
    other = updated_other(other, change(2, kind="technical", cause="probe", **ended))
    other = updated_other(
        other, change(30, kind="technical", cause="probe", **{**ended, "phase": "update"})
    )
    assert (other.began_ms, other.ended_ms, other.calls) == (minutes(1), minutes(2), True)


PUMP = PumpReported(
    position=0,
    received_ms=0,
    unit="u",
    bed="1",
    device="p",
    measured_ms=0,
    sequence=1,
    boot="b",
    state="infusing",
    rate_centi_ml_per_h=0,
    infused_centi_ml=None,
    left_centi_ml=None,
    drug="",
    alarm="",
)
ACT = ActTaken(
    position=0,
    received_ms=0,
    unit="u",
    bed="1",
    device="t",
    measured_ms=0,
    id="1",
    by="ka",
    role="rn",
    via="t",
    act="drug",
    alert="",
    revision=None,
    step="",
    status=None,
    dose_centi=None,
    dose_unit="",
    reason="",
)


def test_a_deed_is_what_a_person_did_to_the_pump_or_gave() -> None:
    ear = Ear(session().truth)
    rates = [(0, 0, "idle", ""), (1, 600, "infusing", ""), (2, 600, "infusing", "")]
    rates += [(3, 300, "infusing", ""), (4, 0, "paused", ""), (5, 500, "infusing", "")]
    rates += [(6, 0, "stopped", "air"), (7, 500, "infusing", ""), (8, 0, "complete", "")]
    for at_min, rate, state, alarm in rates:
        moved = replace(PUMP, received_ms=minutes(at_min), rate_centi_ml_per_h=rate, alarm=alarm)
        ear.read(replace(moved, state=state))  # type: ignore[arg-type]  # a word of PumpState
    ear.read(replace(ACT, received_ms=minutes(9)))
    ear.read(replace(ACT, received_ms=minutes(10), act="ack"))
    ear.read(replace(ACT, received_ms=minutes(11), act="step", status="declined"))

    assert ear.heard("w", {}, {}).deeds_ms == (minutes(3), minutes(4), minutes(9))


def test_a_baseline_is_that_of_the_start_and_held_against_the_last_hour() -> None:
    ear = Ear(session().truth)
    told = BaselineChanged(
        at_ms=START_MS,
        bed="1",
        session="S",
        status="frozen",
        centre_centi={"hr": 8_000, "rr": 1_600},
        readings={"hr": 4},
        remarks=(),
        noise_centi={"hr": 250},
    )
    ear.hear(msgspec.structs.replace(told, status="established", centre_centi={"hr": 1}))
    ear.hear(told)
    ear.hear(msgspec.structs.replace(told, centre_centi={"hr": 2}))
    found = [HeardBaseline(channel="hr", centre_centi=8_000, readings=4, spread_centi=250)]
    found += [HeardBaseline(channel="rr", centre_centi=1_600, readings=0)]
    assert list(ear.heard("w", {}, {}).baseline) == found

    ear._times_ms = [minutes(100), minutes(200), minutes(220)]
    ear._values = [[9_900] * 7, [8_100] * 7, [8_200] * 7]
    assert [one.later_centi for one in ear._baselines()] == [150, 6_550]
    ear.truth = session(events=[event()]).truth
    assert [one.later_centi for one in ear._baselines()] == [None, None]


def test_the_tables_of_the_documents_are_made_from_the_json() -> None:
    score = score_of([session(alert(62), events=[event()])])
    again = msgspec.json.decode(msgspec.json.encode(scored(session())), type=CohortScore)
    made = pages(score)

    assert again == score_of([session()])
    assert "\n1 sessions (0 in which nothing happened), 1 events" in made[README]
    assert "| By rule | Alerts per patient-hour | anaphylaxis |" in made[README]
    assert "| calls | 1 | 0.250 |" in made[SCORING]
    assert made[README].count("<!-- cohort:end -->") == 1
