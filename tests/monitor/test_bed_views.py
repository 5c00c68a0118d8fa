"""What a screen shows of a bed in every phase, and in which order."""

from itertools import pairwise
from typing import Final

import msgspec
import pytest
from builders import ward_settings
from ward_builders import (
    Play,
    acknowledge,
    anaphylactic,
    infusing,
    ms,
    opened,
    pump,
    refused,
    session,
    status,
    symptom,
    vitals,
)

from monitor.care.alerts import RANK
from monitor.care.session import PHASES
from monitor.facts.effects import NOT_ASSESSABLE
from monitor.facts.records import Input

TO_PHASE: Final[dict[str, tuple[Input, ...]]] = {
    "none": (vitals(10, hr=80),),
    "opened": (session(0),),
    "baseline": (session(0), session(10, "baseline")),
    "infusing": (session(0), pump(10, "infusing", 84)),
    "slowed": (session(0), pump(10, "infusing", 84), pump(20, "infusing", 42)),
    "paused": (session(0), pump(10, "infusing", 84), pump(20, "paused")),
    "stopped": (session(0), pump(10, "infusing", 84), pump(20, "stopped")),
    "watch": (session(0), pump(10, "infusing", 84), pump(20, "complete")),
    "closed": (session(0), pump(10, "infusing", 84), session(20, "close")),
}
RATES: Final = {"infusing": 8400, "slowed": 4200, "paused": 0, "stopped": 0, "watch": 0}


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase(phase: str) -> None:
    play = Play()
    for record in TO_PHASE[phase]:
        play.take(record)
    view = play.view()
    is_open = phase not in ("none", "closed")
    assert view.phase == phase
    assert view.subject == ("PX-1" if is_open else "")
    assert view.product == ("gammaplex-10-pi" if is_open else "")
    assert view.session == ("" if phase == "none" else "S-1")
    assert view.grade == NOT_ASSESSABLE
    assert view.pattern == ""
    assert view.baseline == "absent"
    assert view.remarks == (
        (
            "no baseline: relative rules are off",
            "no heart rate yet",
            "no systolic pressure yet",
        )
        if is_open
        else ()
    )
    if phase in RATES:
        assert view.rate_centi_ml_per_h == RATES[phase]
    assert (view.alerts, view.steps) == ((), ())
    assert msgspec.json.encode(view)


def test_every_phase_is_shown() -> None:
    assert set(TO_PHASE) == set(PHASES)


def test_remarks_about_the_baseline() -> None:
    play = opened()
    play.read(60, hr=80, sbp=120)
    early = "heart rate, systolic pressure: taken within 5 min of opening"
    assert play.view().remarks == ("baseline provisional", early)
    for at_s in (120, 180, 240):
        play.read(at_s, hr=80, sbp=120)
    assert play.view().remarks == (early,)
    for at_s in (300, 360, 420):
        play.read(at_s, hr=80, sbp=120)
    assert play.view().remarks == ()


def test_channels_show_the_newest_value_its_age_and_its_baseline() -> None:
    play = infusing()
    play.read(330, sbp=118)
    shown = {one.channel: one for one in play.view().channels}
    assert list(shown) == ["hr", "sbp", "dbp", "temp", "spo2", "rr"]
    assert (shown["sbp"].value_centi, shown["sbp"].measured_ms) == (11800, ms(330))
    assert shown["sbp"].baseline_centi == 12000
    assert not any(one.stale for one in shown.values())
    play.wait(361)
    stale = {one.channel for one in play.view().channels if one.stale}
    assert stale == {"hr", "spo2", "rr"}


def test_a_value_is_stale_by_the_time_of_the_view() -> None:
    """A screen may ask between two steps."""
    play = infusing()
    (bed,) = play.ward.view(ms(300) + int(ward_settings().silence.stale_ms[0]) + 1).beds
    assert bed.channels[0].stale
    assert bed.alerts == ()


def test_a_reaction_with_its_steps() -> None:
    view = anaphylactic().view()
    assert (view.grade, view.pattern) == (3, "anaphylaxis")
    assert view.steps[0].startswith("Stop the infusion")
    assert view.steps[1].startswith("Consider epinephrine IM at once")
    assert view.steps[1].endswith("check against your local order]")
    (alert,) = view.alerts
    assert (alert.kind, alert.cause, alert.signal, alert.condition) == (
        "physiological",
        "reaction",
        "on",
        "active",
    )
    assert alert.onset_ms == ms(320)


def test_steps_that_were_done_or_declined_are_shown_no_more() -> None:
    play = anaphylactic()
    before = len(play.view().steps)
    play.take(pump(340, "stopped"))
    view = play.view()
    assert len(view.steps) == before - 1
    assert not any(words.startswith("Stop") for words in view.steps)


def test_alerts_come_by_urgency() -> None:
    """What nobody has taken on comes first, by priority; the newest of equal ones on top."""
    play = infusing()
    play.take(status(320, online=False))
    play.read(325, absent=("spo2",))
    play.wait(340)
    play.take(symptom(345, "wheeze"))
    kinds = [(one.priority, one.signal) for one in play.view().alerts]
    assert kinds == [("high", "on"), ("medium", "on"), ("low", "on")]
    acknowledge(play, 350)
    shown = play.view().alerts
    assert [(one.priority, one.signal) for one in shown] == [
        ("medium", "on"),
        ("low", "on"),
        ("high", "acknowledged"),
    ]
    assert shown[-1].acknowledged_by == "rn-1"
    play.wait(400)
    ranks = [(one.signal != "on", -RANK[one.priority]) for one in play.view().alerts]
    assert all(first <= second for first, second in pairwise(ranks))


def test_beds_come_by_name_and_garbage_makes_none() -> None:
    play = Play()
    play.take(
        vitals(1, bed="9", hr=80), vitals(1, bed="10", hr=80), refused(1, bed="3"), session(1)
    )
    view = play.ward.view(ms(1))
    assert [bed.bed for bed in view.beds] == ["1", "10", "9"]
    assert view.unit == "inf-a"
    assert view.now_ms == ms(1)
    assert view.outcomes == {
        "accepted": 2,
        "duplicate": 0,
        "late-stored": 0,
        "quarantined": 0,
        "rejected": 0,
        "refused messages": 1,
    }


def test_a_view_changes_nothing() -> None:
    play = anaphylactic()
    first = play.ward.view(play.now_ms)
    assert play.ward.view(ms(99_999)).beds[0].alerts == first.beds[0].alerts
    assert play.ward.view(play.now_ms) == first


def test_an_empty_ward() -> None:
    assert Play().ward.view(ms(0)).beds == ()


@pytest.mark.parametrize(
    ("years", "months", "remark"),
    [
        (None, None, "age not known: judged as an adult"),
        (0, None, "under one year, months not known: judged as the oldest infants"),
        (0, 7, ""),
        (54, None, ""),
    ],
)
def test_an_age_that_is_not_exactly_known_is_remarked(
    years: int | None, months: int | None, remark: str
) -> None:
    play = Play()
    play.take(session(0, age_years=years, age_months=months))
    of_age = [words for words in play.view().remarks if "judged as" in words]
    assert of_age == ([remark] if remark else [])
