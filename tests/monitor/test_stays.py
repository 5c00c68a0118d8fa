"""Stories of a stay: what is watched for after the end, when it closes, what is overdue."""

from typing import Final

import numpy as np
import pytest
from ward_builders import (
    Play,
    act,
    alerts,
    anaphylactic,
    hypotensive,
    infusing,
    ms,
    of,
    opened,
    pump,
    session,
    vitals,
    well,
)

from detectors.readings import Readings
from monitor.facts.effects import AnyEffect, SessionChanged, WatchChanged

HOUR_S: Final = 3600


def overdue(effects: list[AnyEffect] | tuple[AnyEffect, ...]) -> list[tuple[str, str]]:
    """Return cause and phase of every change of an advisory about vital signs."""
    told = alerts(effects, "advisory")
    return [(one.cause, one.phase) for one in told if one.cause.startswith("vitals:")]


def kept_well(play: Play, *, since_s: int, until_s: int) -> None:
    """Tell full unremarkable readings every ten minutes."""
    for at_s in range(since_s, until_s + 1, 600):
        play.take(well(at_s, temp=36.8))


def windows(play: Play) -> dict[str, tuple[str, int]]:
    """Return how each window of the bed holds, and until which second."""
    view = play.view()
    return {one.key: (one.holds, (one.until_ms - ms(0)) // 1000) for one in view.windows}


def test_the_end_of_the_flow_starts_the_watch_and_not_the_message_that_says_so() -> None:
    play = infusing()
    assert windows(play) == {}
    play.take(pump(1000, "paused"))
    assert windows(play)["hypotensive"] == ("stay", 1000 + HOUR_S)
    play.take(pump(1600, "complete"))
    assert play.phase.phase == "watch"
    assert windows(play) == {
        "hypotensive": ("stay", 1000 + HOUR_S),
        "product": ("stay", 1000 + HOUR_S),
        "febrile": ("watch", 1000 + 4 * HOUR_S),
        "allergic": ("watch", 1000 + 4 * HOUR_S),
        "lung-injury": ("watch", 1000 + 6 * HOUR_S),
        "fluid-overload": ("watch", 1000 + 12 * HOUR_S),
        "headache": ("tell", 1000 + 72 * HOUR_S),
    }


def test_drug_that_flows_again_ends_the_watch() -> None:
    play = infusing()
    play.take(pump(1000, "paused"))
    play.take(pump(1200, "infusing", 84))
    assert windows(play) == {}
    assert of(WatchChanged, play.told)[-1].windows == ()
    play.take(pump(2000, "stopped"))
    assert windows(play)["hypotensive"] == ("stay", 2000 + HOUR_S)


def test_windows_end_one_by_one_and_are_told() -> None:
    play = infusing()
    play.take(pump(1000, "complete"))
    effects = play.wait(1000 + HOUR_S)
    (told,) = of(WatchChanged, effects)
    assert told.reason == "a window has ended"
    assert {one.key for one in told.windows}.isdisjoint({"hypotensive", "product"})
    assert of(WatchChanged, play.wait(1001 + HOUR_S)) == []


def test_a_reaction_makes_its_window_hold_the_person() -> None:
    play = anaphylactic()
    play.take(pump(340, "stopped"))
    assert play.view().pattern == "anaphylaxis"
    assert windows(play)["allergic"] == ("stay", 340 + 4 * HOUR_S)
    assert windows(play)["febrile"][0] == "watch"


def test_epinephrine_starts_a_window_of_its_own() -> None:
    play = anaphylactic()
    assert "biphasic" not in windows(play)
    key = next(step.key for step in play.advice.steps if "pinephrine" in step.words)
    play.take(act(400, "step", alert=play.alert.id, step=key, status="started"))
    assert "biphasic" not in windows(play)
    play.take(act(460, "step", alert=play.alert.id, step=key, status="done"))
    assert windows(play)["biphasic"] == ("stay", 460 + 6 * HOUR_S)
    play.take(pump(500, "stopped"))
    assert windows(play)["biphasic"] == ("stay", 460 + 6 * HOUR_S)


def test_a_session_is_closed_early_only_with_a_reason() -> None:
    play = infusing()
    play.take(pump(1000, "complete"))
    (refused,) = of(SessionChanged, play.take(session(1600, "close", reason="")))
    assert refused.refused
    assert "still watched: fall of pressure for 50 min more" in refused.reason
    taken = of(SessionChanged, play.take(session(1700, "close", reason="to intensive care")))
    assert [(one.refused, one.reason) for one in taken] == [(False, "by rn-1: to intensive care")]
    assert play.view().phase == "closed"
    assert windows(play) == {}


def test_a_session_that_was_never_started_closes_without_a_reason() -> None:
    play = opened()
    play.take(session(60, "close", reason=""))
    assert play.view().phase == "closed"


def test_a_session_that_nobody_closes_ends_when_it_was_watched_for_long_enough() -> None:
    play = infusing()
    play.take(pump(1000, "complete"))
    end_s = 1000 + 12 * HOUR_S
    play.take(well(end_s - 10, temp=36.8))
    play.wait(end_s - 1)
    assert play.view().phase == "watch"
    play.wait(end_s)
    assert (play.phase.event, play.phase.phase) == ("watched", "closed")
    assert play.phase.reason == "watched for 720 min after the end of the flow"
    assert not play.wait(end_s + 60)


def test_silence_ends_no_watch() -> None:
    play = infusing()
    play.take(pump(1000, "complete"))
    end_s = 1000 + 12 * HOUR_S
    play.wait(end_s)
    play.wait(end_s + 600)
    assert play.view().phase == "watch"
    play.take(well(end_s + 610, temp=36.8))
    play.wait(end_s + 700)
    assert play.view().phase == "closed"


def test_a_reaction_that_lasts_ends_no_watch() -> None:
    play = hypotensive()
    play.take(pump(400, "complete"))
    end_s = 400 + 12 * HOUR_S
    play.read(end_s - 10, sbp=84, dbp=55, hr=80)
    play.wait(end_s + 60)
    assert play.view().phase == "watch"
    assert play.alert.condition == "active"


def test_vital_signs_that_nobody_takes_are_overdue_and_taking_them_ends_it() -> None:
    play = infusing()
    assert play.view().vitals_due[-1].key == "after-start"
    assert overdue(play.wait(300 + 1499)) == []
    assert overdue(play.wait(300 + 1500)) == [("vitals:after-start", "start")]
    (owed, coming) = play.view().vitals_due
    assert (owed.state, owed.missing) == ("overdue", ("hr", "sbp", "temp"))
    assert coming.key == "regular"
    advisory = alerts(play.told, "advisory")[-1]
    assert (advisory.priority, advisory.label) == (
        "low",
        "vital signs overdue: 15 min after the start",
    )
    play.take(vitals(1900, hr=80, sbp=120, dbp=80))
    assert overdue(play.wait(1910)) == []
    ended = (*play.take(vitals(1920, temp=36.8)), *play.wait(1930))
    assert overdue(ended) == [("vitals:after-start", "end")]
    assert [one.state for one in play.view().vitals_due] == ["next"]


def test_a_change_of_rate_asks_for_vital_signs() -> None:
    play = infusing(rate=42)
    kept_well(play, since_s=400, until_s=2200)
    assert [one.key for one in play.view().vitals_due] == ["regular"]
    play.take(pump(2600, "infusing", 84))
    assert [(one.key, one.state) for one in play.view().vitals_due] == [
        ("rate-change", "due"),
        ("regular", "next"),
    ]


def test_a_bed_that_is_measured_all_the_time_owes_nothing() -> None:
    play = infusing()
    kept_well(play, since_s=400, until_s=4 * HOUR_S)
    play.take(pump(4 * HOUR_S, "complete"))
    kept_well(play, since_s=4 * HOUR_S + 60, until_s=6 * HOUR_S)
    assert overdue(play.told) == []


def test_closing_ends_what_was_overdue() -> None:
    play = infusing()
    play.wait(300 + 1500)
    effects = play.take(session(2000, "close"))
    assert overdue(effects) == [("vitals:after-start", "end")]
    assert play.view().vitals_due == ()


def test_the_first_rate_is_the_start_and_no_change_of_rate() -> None:
    play = infusing()
    assert "rate-change" not in {one.key for one in play.view().vitals_due}


def test_an_unknown_session_is_refused_with_its_reason() -> None:
    play = opened()
    play.take(session(10, "start", id="S-9"))
    assert play.phase.reason.startswith("unknown-session: S-9")
    play.take(session(20, "close"))
    play.take(session(30, "start", id="S-9"))
    assert play.phase.reason == "unknown-session: S-9 is not the session of this bed (none)"


@pytest.mark.parametrize("devices", [(), ("mon-1",)])
def test_a_reading_of_no_device_is_taken_whatever_devices_there_are(
    devices: tuple[str, ...],
) -> None:
    play = opened(devices=devices)
    one = np.zeros(1, np.int32)
    readings = Readings(
        bed=one,
        device=one - 1,
        channel=one.astype(np.int8),
        measured_ms=one + np.int64(ms(30)),
        received_ms=one + np.int64(ms(30)),
        value_centi=one + np.int32(8000),
        flags=one.astype(np.uint16),
        position=one,
    )
    play.ward.step(ms(30), readings, ())
    assert play.ward.state.outcomes["accepted"] == 1


def test_a_session_event_tells_where_it_came_from_and_went() -> None:
    play = infusing()
    told = of(SessionChanged, play.take(session(500, "complete")))
    assert [(one.before, one.phase) for one in told] == [("infusing", "watch")]
