"""Rehearsals: one scenario through the decoder and the real ward, and what differed.

A step is taken at every time at which something arrives or is looked at, and at every tick in
between, as a live monitor does. What arrives while the monitor is down waits for its return.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from monitor.facts.effects import AnyEffect
from monitor.facts.records import RawMessage, RecordedStep
from monitor.replay import WardOf
from monitor.scenario.expectations import EFFECTS, matches
from monitor.scenario.shown import Shown, fields_of, refused
from monitor.scenario.stories import START_MS, Delivery, Expectation, Scenario
from monitor.scenario.times import clock
from monitor.wire.messages import decode, encode, topic
from monitor.wire.payloads import ActPayload

UNIT: Final = "rehearsal"
NOWHERE: Final = Shown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that came out otherwise than the file says."""

    row: str
    when: str
    bed: str
    expected: str
    found: str

    def __str__(self) -> str:
        """Return it as one line for people."""
        return f"{self.when} bed {self.bed}: {self.expected}; {self.found} ({self.row})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What came of a scenario: everything that was told, and every difference.

    ``steps`` are what the ward was given, as a recording holds it.
    """

    scenario: Scenario
    told: tuple[tuple[int, AnyEffect], ...]
    differences: tuple[Difference, ...]
    steps: tuple[RecordedStep, ...] = ()

    @property
    def title(self) -> str:
        """Return what the scenario is called."""
        return self.scenario.title

    @property
    def rows(self) -> int:
        """Return how many rows say what must come and what must not."""
        return len(self.scenario.expectations)

    @property
    def size(self) -> str:
        """Return how many rows there are and how long it lasts, in words."""
        return f"{self.rows} row{'' if self.rows == 1 else 's'}, {clock(self.scenario.ends_ms)} h"

    @property
    def settings(self) -> Mapping[str, object]:
        """Return the settings of the site that hold otherwise in it."""
        return self.scenario.settings


def rehearsal(scenario: Scenario, ward_of: WardOf) -> Rehearsal:
    """Return what the ward makes of a scenario, and where that differs from the file."""
    ward = ward_of(UNIT)
    beds: dict[str, Shown] = {}
    checks = [Check(one) for one in scenario.expectations]
    told: list[tuple[int, AnyEffect]] = []
    steps: list[RecordedStep] = []
    waiting = sorted(scenario.deliveries, key=lambda one: (one.received_ms, one.rank))
    for at_ms in times(scenario):
        due = [one for one in waiting if one.received_ms <= at_ms]
        waiting = waiting[len(due) :]
        now_ms = START_MS + at_ms
        raw = tuple(raw_message(one, beds.get(one.bed, NOWHERE), now_ms) for one in due)
        steps.append(RecordedStep(now_ms=now_ms, messages=raw))
        inputs = [decode(message, position=number) for number, message in enumerate(raw)]
        effects = ward.take(now_ms, inputs)
        for effect in effects:
            beds.setdefault(effect.bed, Shown()).take(effect)
        told += [(at_ms, effect) for effect in effects]
        for check in checks:
            check.look(at_ms, beds.get(check.row.bed, NOWHERE), effects)
    found = [check.difference() for check in checks]
    differences = [one for one in found if one is not None]
    differences += _unexpected_refusals(scenario, told)
    return Rehearsal(
        scenario=scenario,
        told=tuple(told),
        differences=tuple(differences),
        steps=tuple(steps),
    )


def times(scenario: Scenario) -> Iterator[int]:
    """Yield when steps are taken [ms since the start], in order."""
    due = {one.received_ms for one in scenario.deliveries}
    due |= set(range(0, scenario.ends_ms + 1, scenario.tick_ms)) | {scenario.ends_ms}
    due |= {time for one in scenario.expectations for time in (one.from_ms, one.to_ms)}
    due |= {until_ms for _, until_ms in scenario.down}
    for at_ms in sorted(due):
        if not any(from_ms <= at_ms < until_ms for from_ms, until_ms in scenario.down):
            yield at_ms


def raw_message(one: Delivery, shown: Shown, now_ms: int) -> RawMessage:
    """Return the bytes of a delivery; an act names the alert of its cause by the id it has now."""
    payload = one.payload
    if isinstance(payload, ActPayload) and payload.alert in shown.alerts:
        payload = msgspec.structs.replace(payload, alert=shown.alerts[payload.alert].id)
    return RawMessage(
        received_ms=min(START_MS + one.received_ms, now_ms),
        topic=topic(UNIT, one.bed, one.device, one.kind),
        payload=payload if isinstance(payload, bytes) else encode(payload),
        retained=one.retained,
    )


def _unexpected_refusals(
    scenario: Scenario, told: list[tuple[int, AnyEffect]]
) -> Iterator[Difference]:
    """Yield what was refused and by no row expected: a scenario with a slip proves nothing."""
    rows = [one for one in scenario.expectations if one.wanted and one.subject == "told"]
    for at_ms, effect in told:
        words = refused(effect)
        if words and not any(_is_told(row, at_ms, effect) for row in rows):
            expected = "everything is taken that no row expects to be refused"
            yield Difference(
                row="all", when=clock(at_ms), bed=effect.bed, expected=expected, found=words
            )


def _is_told(row: Expectation, at_ms: int, effect: AnyEffect) -> bool:
    """Tell whether an effect is what a row expects to be told."""
    if effect.bed != row.bed or not isinstance(effect, EFFECTS[row.name]):
        return False
    fields = fields_of(effect)
    here = row.from_ms <= at_ms <= row.to_ms
    return here and all(matches(fields[name], wanted) for name, wanted in row.fields.items())


class Check:
    """One row of expectations while its scenario runs."""

    def __init__(self, row: Expectation) -> None:
        self.row = row
        self.looks = 0
        self.holding = 0
        self.first: str = ""
        """What was first seen that the row does not want."""
        self.first_ms = row.from_ms
        self.latest: tuple[int, str] | None = None

    def look(self, at_ms: int, shown: Shown, effects: tuple[AnyEffect, ...]) -> None:
        """Look at a bed after a step."""
        row = self.row
        if not row.from_ms <= at_ms <= row.to_ms:
            return
        self.looks += 1
        if row.subject == "told":
            holds = any(_is_told(row, at_ms, effect) for effect in effects)
            seen = f"told {row.name}" if holds else f"no such {row.name} was told"
        else:
            holds, seen = _holds(row, shown)
        self.holding += holds
        if holds != row.wanted and not self.first:
            self.first, self.first_ms = seen, at_ms
        self.latest = (at_ms, seen)

    def difference(self) -> Difference | None:
        """Return what differed from the row at its end, or None."""
        row = self.row
        when, seen = clock(self.first_ms), self.first
        if not self.looks:
            seen = "the monitor was down all the time"
        elif not row.wanted:
            if not self.holding:
                return None
        elif row.mode == "during" and row.subject != "told":
            if self.holding == self.looks:
                return None
        elif self.holding:
            return None
        elif self.latest is not None:
            when, seen = span(row), self.latest[1]
        return Difference(row=row.row, when=when, bed=row.bed, expected=words(row), found=seen)


def _holds(row: Expectation, shown: Shown) -> tuple[bool, str]:
    """Return whether a bed is as a row says, and what it is instead, in words."""
    fields = dict(row.fields)
    there: dict[str, object] | None
    if row.subject == "bed":
        there = shown.bed()
        unwanted = fields.pop("not_offered", ())
        if isinstance(unwanted, tuple) and set(unwanted) & set(shown.bed()["offered"]):  # type: ignore[call-overload]  # a list
            return False, f"found offered {_said(there['offered'])}"
    elif row.subject == "alert":
        ended = fields.get("condition") == "ended" or fields.get("phase") == "end"
        there = shown.alert(row.name, ended=ended)
    else:
        there = shown.step(row.name)
    if there is None:
        others = shown.bed()["alerts" if row.subject == "alert" else "offered"]
        return False, f"there is no such {row.subject}; there are: {_said(others) or 'none'}"
    wrong = {
        name: there[name] for name, wanted in fields.items() if not matches(there[name], wanted)
    }
    if wrong:
        return False, "found " + ", ".join(
            f"{name} {_said(value)}" for name, value in wrong.items()
        )
    return True, f"{row.subject} {row.name}".strip() + " is so"


def words(row: Expectation) -> str:
    """Return a row in words."""
    what = "the bed" if row.subject == "bed" else f"{row.subject} {row.name}"
    fields = ", ".join(f"{name} {_said(value) or 'none'}" for name, value in row.fields.items())
    verb = "expected" if row.wanted else "must not come:"
    how = {"at": "", "within": "", "during": " all the time"}[row.mode] if row.wanted else ""
    return f"{verb} {what}{f' with {fields}' if fields else ''}{how}"


def span(row: Expectation) -> str:
    """Return when a row is looked at."""
    first, last = clock(row.from_ms), clock(row.to_ms)
    return first if first == last else f"{first} to {last}"


def _said(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return "''" if value == "" else str(value)
