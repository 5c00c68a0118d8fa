"""Somebody sets the clock of the machine by an hour; the devices go on with the right time.

The real ward behind the steady clock of the shell, both clocks of the machine turned by hand: what
is measured now must be judged, and where it cannot be, somebody is told within seconds.
"""

from types import SimpleNamespace
from typing import Any, Final

import pytest
from builders import ward_settings
from fakes import ManualClock

from detectors.channels import Channel
from monitor.adapters.clock import SteadyClock
from monitor.adapters.receipts import Receipts
from monitor.adapters.resumption import decoded
from monitor.adapters.watchman import SelfWatch, Watchman
from monitor.adapters.window import Window
from monitor.care.self_checks import SelfCheckParams
from monitor.facts.effects import AlertChanged, AnyEffect, MessageRejected
from monitor.facts.records import RawMessage
from monitor.ward.ward import Ward
from monitor.wire.payloads import SessionPayload, encode, encode_vitals, stamp

T0_MS: Final = 1_795_514_400_000
HOUR_MS: Final = 3_600_000
UNIT: Final = "infa"
EVERY_MS: Final = 10_000
UNJUDGED: Final = {"no-data", "device-silent", "late", "refused"}
"""Technical alerts under which nothing is judged."""


class Bedside:
    """A device with the right time beside a machine whose clock is set."""

    def __init__(self) -> None:
        self.passed_ms = 0
        self.set_ms = 0
        self.number = 0
        self.clock = SteadyClock(
            time_of_day_ns=lambda: (T0_MS + self.passed_ms + self.set_ms) * 1_000_000,
            counter_ns=lambda: self.passed_ms * 1_000_000,
        )
        self.ward = Ward(ward_settings(), unit=UNIT)
        self.effects: list[AnyEffect] = []
        opening = SessionPayload(
            id="S-1", t=stamp(T0_MS), by="nurse-1", event="open", subject="PX-1", product="test",
            devices=("mon-1",),
        )  # fmt: skip
        self._give("tab-1", "session", encode(opening))

    def wait(self, duration_ms: int, *, is_low: bool = False) -> list[AnyEffect]:
        """Let time pass with a reading every few seconds; return what was told."""
        before = len(self.effects)
        for _ in range(duration_ms // EVERY_MS):
            self.passed_ms += EVERY_MS
            self.number += 1
            reading = encode_vitals(
                sequence=self.number,
                measured_ms=T0_MS + self.passed_ms,
                values_centi={
                    Channel.SBP: (62_00 if is_low else 125_00) + 100 * (self.number % 5),
                    Channel.DBP: (35_00 if is_low else 75_00) + 100 * (self.number % 3),
                    Channel.HR: 72_00 + 100 * (self.number % 7),
                    Channel.SPO2: 97_00 + 100 * (self.number % 2),
                },
                boot="b1",
            )
            self._give("mon-1", "vitals", reading)
        return self.effects[before:]

    def _give(self, device: str, kind: str, payload: bytes) -> None:
        now_ms = self.clock.now_ms()
        name = f"irm/v1/{UNIT}/1/{device}/{kind}"
        raw = RawMessage(received_ms=now_ms, topic=name, payload=payload)
        self.effects += self.ward.take(now_ms, decoded([raw]))


def alerts(effects: list[AnyEffect], kind: str) -> set[str]:
    """Return the causes of the alerts of a kind that begin among some effects."""
    return {
        one.cause.partition(":")[0]
        for one in effects
        if isinstance(one, AlertChanged) and one.kind == kind and one.phase == "start"
    }


def is_refused(effects: list[AnyEffect]) -> bool:
    return any(isinstance(one, MessageRejected) for one in effects)


def test_set_back_what_is_measured_now_is_judged() -> None:
    bedside = Bedside()
    bedside.wait(60_000)
    bedside.set_ms = -HOUR_MS
    told = bedside.wait(HOUR_MS // 2)
    assert not is_refused(told)
    assert not alerts(told, "technical") & UNJUDGED
    assert alerts(bedside.wait(30_000, is_low=True), "physiological") == {"reaction"}


def test_set_right_again_the_devices_seem_an_hour_late_and_are_corrected() -> None:
    bedside = Bedside()
    bedside.set_ms = HOUR_MS
    bedside.wait(2 * 60_000)
    bedside.set_ms = 0
    told = bedside.wait(HOUR_MS // 2)
    assert not is_refused(told)
    assert not alerts(told, "technical") & UNJUDGED
    assert alerts(bedside.wait(30_000, is_low=True), "physiological") == {"reaction"}


def test_set_forward_it_is_told_at_once_and_judged_again_after_the_proof() -> None:
    """Until the delays have agreed for a minute nobody knows whether clock or way is wrong."""
    bedside = Bedside()
    bedside.wait(60_000)
    bedside.set_ms = HOUR_MS
    assert "no-data" in alerts(bedside.wait(EVERY_MS), "technical")
    assert bedside.clock.jumped_ms() == HOUR_MS
    told = bedside.wait(50_000, is_low=True)
    assert not is_refused(told)
    assert alerts(told, "physiological") == set()
    told = bedside.wait(30_000, is_low=True)
    assert "clock" in alerts(told, "technical")
    assert alerts(told, "physiological") == {"reaction"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(T0_MS)


@pytest.fixture
def watchman(clock: ManualClock) -> Watchman:
    how = SelfWatch(params=SelfCheckParams())
    return Watchman(how, unit=UNIT, boot="b", config="c", clock=clock, receipts=Receipts())


def seen(watchman: Watchman, now_ms: int) -> list[tuple[str, str, str]]:
    """Return cause, phase and words of what the watchman finds at a time."""
    well: dict[str, Any] = {
        "link": SimpleNamespace(is_connected=True, window=Window()),
        "backlog": SimpleNamespace(state="ok"),
        "tenure": SimpleNamespace(may_speak=True, standby_lost_s=lambda: None),
    }
    found = watchman.look(now_ms, **well)
    return [(one.cause, one.phase, one.label) for one in found]


def test_a_clock_that_was_set_back_is_told_as_long_as_it_differs(
    watchman: Watchman, clock: ManualClock
) -> None:
    clock.off_ms = 4_000
    assert seen(watchman, T0_MS) == []
    clock.off_ms = HOUR_MS
    ((cause, phase, _),) = seen(watchman, T0_MS + 1_000)
    assert (cause, phase) == ("clock-set-back", "start")
    assert seen(watchman, T0_MS + 60_000) == []
    clock.off_ms = 0
    assert ("clock-set-back", "end") in [one[:2] for one in seen(watchman, T0_MS + 61_000)]
    assert list(watchman.checks.labels) == []


def test_a_clock_that_jumped_ahead_is_told_with_how_far(
    watchman: Watchman, clock: ManualClock
) -> None:
    clock.jump_ms = 900
    assert seen(watchman, T0_MS) == []
    clock.jump_ms = HOUR_MS
    told = seen(watchman, T0_MS + HOUR_MS)
    assert [one[0] for one in told] == ["clock-jumped"] * 2
    assert "jumped ahead by 1 h:" in told[-1][2]
    assert seen(watchman, T0_MS + HOUR_MS + 60_000) == []
    assert list(watchman.checks.labels) == [told[-1][2]]
    assert len(seen(watchman, T0_MS + 2 * HOUR_MS)) == 1
    assert list(watchman.checks.labels) == []
