"""Sensors that stand still or swing: told when it lasts, over when it was not found for long."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from ward_builders import Play, alerts, causes, infusing, session

from detectors.channels import NEVER
from monitor.care.unsteadiness import lasting

AFTER_MS, CLEAR_MS = 30_000, 60_000


class Plain:
    """The slow obvious twin: one sensor, remembered as a person would."""

    def __init__(self) -> None:
        self.spell: list[int] = []

    def told(self, now_ms: int, *, found: bool) -> bool:
        """Return whether it is told now; the spell is empty where nothing lasts."""
        if found:
            self.spell.append(now_ms)
        elif self.spell:
            lasted = self.spell[-1] - self.spell[0] >= AFTER_MS
            if not lasted or now_ms - self.spell[-1] >= CLEAR_MS:
                self.spell = []
        return bool(self.spell) and self.spell[-1] - self.spell[0] >= AFTER_MS


@given(st.lists(st.tuples(st.integers(0, 45_000), st.lists(st.booleans(), min_size=3, max_size=3))))
def test_arrays_say_what_the_twin_says(looks: list[tuple[int, list[bool]]]) -> None:
    twins = [Plain() for _ in range(3)]
    since_ms = seen_ms = np.full(3, NEVER, np.int64)
    now_ms = 0
    for later_ms, found in looks:
        now_ms += later_ms
        given_since_ms, given_seen_ms = since_ms.copy(), seen_ms.copy()
        now = lasting(
            np.array(found), since_ms, seen_ms, now_ms, after_ms=AFTER_MS, clear_ms=CLEAR_MS
        )
        assert (since_ms == given_since_ms).all()
        assert (seen_ms == given_seen_ms).all()
        since_ms, seen_ms = now.since_ms, now.seen_ms
        expected = [twin.told(now_ms, found=one) for twin, one in zip(twins, found, strict=True)]
        assert now.told.tolist() == expected
        assert since_ms.tolist() == [twin.spell[0] if twin.spell else NEVER for twin in twins]


def still(*, until_s: int = 1000) -> Play:
    """Return an infusion in which the heart rate has not moved since second 310."""
    play = infusing()
    for at_s in range(310, until_s, 10):
        play.well(at_s, hr=80, rr=16 + at_s // 10 % 2)
    return play


def test_a_value_that_stands_still_is_told_after_its_time_and_its_delay() -> None:
    play = infusing()
    told = {}
    for at_s in range(310, 1000, 10):
        for cause, phase in causes(play.well(at_s, hr=80, rr=16 + at_s // 10 % 2)):
            told[cause, phase] = at_s
    assert [cause for cause, _ in told if "hr" in cause] == ["flat:hr"]
    (alert,) = [one for one in alerts(play.told, "technical") if one.cause == "flat:hr"]
    assert (alert.priority, alert.label) == ("low", "heart rate does not move: check the lead")
    begun_s = 300
    assert begun_s + 600 + 30 <= told["flat:hr", "start"] <= 310 + 600 + 30
    assert any(words.startswith("heart rate has not moved for") for words in play.view().remarks)


def test_it_ends_when_it_has_moved_for_long_enough_and_not_at_the_first_move() -> None:
    play = still()
    play.well(1000, hr=83)
    play.well(1010, hr=80)
    assert alerts(play.told, "technical")[-1].phase == "start"
    ended = {}
    for at_s in range(1020, 1100, 10):
        for one in causes(play.well(at_s, hr=80 + at_s // 10 % 3)):
            ended[one] = at_s
    assert ended == {("flat:hr", "end"): 1050}


def test_silence_does_not_end_it() -> None:
    play = still()
    play.wait(1500)
    assert ("flat:hr", "end") not in causes(play.told)
    assert "flat:hr" in [one.cause for one in play.view().alerts]


def test_a_value_that_swings_is_told_and_alarms_as_before() -> None:
    play = infusing()
    for number, at_s in enumerate(range(310, 380, 2)):
        play.read(at_s, hr=70 if number % 2 else 110, spo2=98)
    (alert,) = [one for one in alerts(play.told, "technical") if one.cause == "moving:hr"]
    assert (alert.priority, alert.phase) == ("low", "start")
    assert alert.label == "heart rate jumps to and fro: motion? Check the lead"
    for at_s in range(380, 470, 5):
        play.read(at_s, hr=80 + at_s // 5 % 2, spo2=98)
    assert causes(play.told)[-1] == ("moving:hr", "end")


def test_a_short_swing_is_told_to_nobody() -> None:
    play = infusing()
    for number, at_s in enumerate(range(310, 330, 2)):
        play.read(at_s, hr=70 if number % 2 else 110)
    for at_s in range(330, 400, 5):
        play.read(at_s, hr=80 + at_s // 5 % 2)
    assert [one for one in causes(play.told) if one[0] == "moving:hr"] == []


def test_it_ends_with_the_session_and_the_next_begins_without_it() -> None:
    play = still()
    play.take(session(1000, "close", reason="-"))
    assert causes(play.told)[-1] == ("flat:hr", "end")
    play.take(session(1001, id="S-2"))
    play.well(1002)
    play.wait(1010)
    assert [one.cause for one in play.view().alerts] == []
