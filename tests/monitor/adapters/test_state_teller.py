"""Changed beds are told in a quarter of a second, all each second, and never more than a slice."""

from dataclasses import dataclass, field

import pytest
from fakes import _bed

from monitor.adapters.state_teller import (
    ALL_EVERY_S,
    CHANGED_EVERY_S,
    LEAST_BEDS,
    SHARE,
    SLICE_S,
    StateTeller,
)
from monitor.facts.views import WardView


@dataclass(slots=True)
class SlowWard:
    """A ward whose pictures take a stated time, on a clock set by hand."""

    beds: dict[str, int]
    bed_s: float = 0.0
    now_s: float = 100.0
    fails: bool = False
    asked: list[frozenset[str] | None] = field(default_factory=list)

    def seconds(self) -> float:
        return self.now_s

    def view(self, now_ms: int, only: frozenset[str] | None = None) -> WardView:
        self.asked.append(only)
        if self.fails:
            raise RuntimeError("a bug in the pictures")
        names = [name for name in sorted(self.beds) if only is None or name in only]
        self.now_s += self.bed_s * len(names)
        beds = tuple(_bed(name, self.beds[name], now_ms) for name in names)
        return WardView(unit="u", now_ms=now_ms, beds=beds, outcomes={})


def told(teller: StateTeller) -> list[str]:
    return [one.topic.split("/")[3] for one in teller.news(0)]


def teller_of(ward: SlowWard) -> StateTeller:
    return StateTeller(ward, unit="u", seconds=ward.seconds, worked_s=ward.seconds)


def test_the_first_look_is_at_all_beds_and_what_did_not_change_is_not_told() -> None:
    ward = SlowWard({"1": 1, "2": 2})
    teller = teller_of(ward)
    teller.touch(["2"])
    assert told(teller) == ["1", "2"]
    ward.now_s += ALL_EVERY_S
    assert told(teller) == []
    assert ward.asked == [None, frozenset({"1", "2"})]


def test_a_bed_that_was_touched_is_told_after_a_quarter_of_a_second_alone() -> None:
    ward = SlowWard({"1": 1, "2": 2})
    teller = teller_of(ward)
    told(teller)
    ward.beds["2"] = 3
    teller.touch(["2"])
    assert told(teller) == []
    assert 0 < teller.wait_s() <= CHANGED_EVERY_S
    ward.now_s += CHANGED_EVERY_S
    assert told(teller) == ["2"]
    assert ward.asked[-1] == frozenset({"2"})
    assert teller.wait_s() == ALL_EVERY_S - CHANGED_EVERY_S


def test_without_a_touch_all_are_looked_at_after_a_second() -> None:
    ward = SlowWard({"1": 1})
    teller = teller_of(ward)
    told(teller)
    ward.beds["1"] = 5
    ward.now_s += CHANGED_EVERY_S
    assert told(teller) == []
    ward.now_s += ALL_EVERY_S - CHANGED_EVERY_S
    assert told(teller) == ["1"]


def test_beds_that_are_due_shortly_after_one_another_are_looked_at_together() -> None:
    ward = SlowWard({"1": 1, "2": 2})
    teller = teller_of(ward)
    told(teller)
    ward.now_s += CHANGED_EVERY_S
    teller.touch(["2"])
    told(teller)
    ward.now_s += ALL_EVERY_S - CHANGED_EVERY_S
    told(teller)
    assert ward.asked[1:] == [frozenset({"2"}), frozenset({"1", "2"})]


def test_a_bed_that_is_new_is_told_and_one_that_is_none_is_not_asked_for_again() -> None:
    ward = SlowWard({"1": 1})
    teller = teller_of(ward)
    told(teller)
    ward.beds["2"] = 7
    ward.now_s += CHANGED_EVERY_S
    teller.touch(["2", "nowhere"])
    assert told(teller) == ["2"]
    ward.now_s += ALL_EVERY_S
    told(teller)
    assert ward.asked[1:] == [frozenset({"2", "nowhere"}), frozenset({"1", "2"})]


@pytest.mark.parametrize("all_touched", [True, False])
def test_no_look_is_longer_than_a_slice_and_every_bed_has_its_turn(*, all_touched: bool) -> None:
    ward = SlowWard({f"{one:03}": 0 for one in range(200)}, bed_s=SLICE_S / 10)
    teller = teller_of(ward)
    told(teller)
    ward.beds = dict.fromkeys(ward.beds, 1)
    heard: list[str] = []
    while len(set(heard)) < len(ward.beds):
        # Beds that always have something new must not keep the others waiting.
        teller.touch(ward.beds if all_touched else ["000", "001"])
        ward.now_s += max(teller.wait_s(), 0)
        began_s = ward.now_s
        heard += told(teller)
        took_s = ward.now_s - began_s
        assert took_s <= SLICE_S + ward.bed_s * LEAST_BEDS
        assert teller.wait_s() >= SHARE * took_s - took_s - 1e-9
        assert len(ward.asked) < len(ward.beds)


def test_a_picture_that_fails_is_tried_again_and_ends_nothing() -> None:
    ward = SlowWard({"1": 1}, fails=True)
    teller = teller_of(ward)
    assert told(teller) == []
    ward.fails = False
    ward.now_s += ALL_EVERY_S
    assert told(teller) == ["1"]
    ward.fails, ward.beds["1"] = True, 2
    ward.now_s += ALL_EVERY_S
    assert told(teller) == []
    ward.fails = False
    ward.now_s += ALL_EVERY_S
    assert told(teller) == ["1"]


def test_after_a_lost_connection_all_are_looked_at_at_once() -> None:
    ward = SlowWard({"1": 1, "2": 1})
    teller = teller_of(ward)
    told(teller)
    teller.renew()
    assert teller.wait_s() <= 0
    assert told(teller) == []
    assert ward.asked == [None, frozenset({"1", "2"})]
