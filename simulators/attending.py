"""A nurse who reads the monitor: hears calls, reads the steps, and does them, late or never.

The nurse knows nothing of the monitor but what it tells: :class:`Call` for an alert,
:class:`Advice` for the steps that are open at a bed, :class:`Wish` for a value that is asked for;
:func:`told_in` finds them among the effects of a step. What comes back are deeds
(:mod:`simulators.deeds`). A step is read again when it is done: one that is no longer offered by
then is not done, and one that is offered again after it was done is done again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from detectors.channels import CHANNEL_NAMES
from monitor.facts.effects import AdviceChanged, AlertChanged, AnyEffect, MeasurementWanted
from monitor.facts.truth import NurseKind
from simulators.chairs import generator
from simulators.deeds import ANSWER, MEASURE, Deed

HEARS_AFTER_S: Final = (20, 120)
ACTS_AFTER_S: Final[dict[str, tuple[int, int]]] = {"follows": (30, 180), "delays": (900, 1800)}
"""How long after the offer a step is done, and after the question a value taken (ours)."""

LOUD: Final = "on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An alert as it was told; ``is_loud`` while it calls for an answer."""

    bed: str
    session: str
    alert: str
    revision: int
    is_loud: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A step that is offered and not yet taken, with the rate that it names."""

    bed: str
    session: str
    alert: str
    key: str
    rate_centi_ml_per_h: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """All steps that are offered at a bed now; what is not among them is offered no more."""

    bed: str
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A value that the monitor asks for now."""

    bed: str
    session: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a nurse is told in one step of the monitor."""

    calls: tuple[Call, ...] = ()
    advice: tuple[Advice, ...] = ()
    wishes: tuple[Wish, ...] = ()


def told_in(effects: Iterable[AnyEffect]) -> Told:
    """Return what a nurse is told by the effects of a step, in their order.

    What is asked for and cannot be measured (a look at the skin) is no wish: whatever of it can
    be seen is charted anyway.
    """
    calls, advice, wishes = [], [], []
    for one in effects:
        if isinstance(one, AlertChanged):
            calls.append(_call(one))
        elif isinstance(one, AdviceChanged):
            advice.append(_advice(one))
        elif isinstance(one, MeasurementWanted) and one.channel in CHANNEL_NAMES:
            wishes.append(Wish(bed=one.bed, session=one.session, channel=one.channel))
    return Told(calls=tuple(calls), advice=tuple(advice), wishes=tuple(wishes))


def _call(alert: AlertChanged) -> Call:
    return Call(
        bed=alert.bed,
        session=alert.session,
        alert=alert.id,
        revision=alert.revision,
        is_loud=alert.signal == LOUD,
    )


def _advice(told: AdviceChanged) -> Advice:
    offers = tuple(
        Offer(
            bed=told.bed,
            session=told.session,
            alert=told.alert,
            key=step.key,
            rate_centi_ml_per_h=step.rate_centi_ml_per_h,
        )
        for step in told.steps
        if step.state == "offered"
    )
    return Advice(bed=told.bed, offers=offers)


class Attendant:
    """The nurse of a ward: what was heard, and what is due.

    Every bed has its own chance, so that a bed is attended alike in a ward of one and of many.
    """

    def __init__(self, kind: NurseKind, *, seed: int) -> None:
        self.kind = kind
        self._seed = seed
        self._rng: dict[str, np.random.Generator] = {}
        self._due: list[Deed] = []
        self._entered: set[tuple[str, str]] = set()

    def hear(self, now_ms: int, told: Told) -> None:
        """Take in what was told: answer calls, do each step that is offered, take each value."""
        if self.kind not in ACTS_AFTER_S:
            return
        for call in told.calls:
            self._listen(now_ms, call)
        for advice in told.advice:
            self._read(now_ms, advice)
        for wish in told.wishes:
            if not any(
                one.key == MEASURE and (one.bed, one.channel) == (wish.bed, wish.channel)
                for one in self._due
            ):
                self._plan(now_ms, ACTS_AFTER_S[self.kind], _measurement(wish))

    def _listen(self, now_ms: int, call: Call) -> None:
        """Go and answer a call; what is answered is what it says by then."""
        ways = [one for one in self._due if one.key == ANSWER and one.alert == call.alert]
        self._due = [one for one in self._due if one not in ways]
        if not call.is_loud:
            return
        if ways:
            self._due.append(replace(ways[0], revision=call.revision))
        else:
            self._plan(now_ms, HEARS_AFTER_S, _answer(call))

    def _read(self, now_ms: int, advice: Advice) -> None:
        """Give up what is offered no more, and plan what is offered now."""
        keys = {offer.key for offer in advice.offers}
        self._due = [
            one
            for one in self._due
            if one.bed != advice.bed or one.key in (ANSWER, MEASURE) or one.key in keys
        ]
        self._entered = {
            (bed, key) for bed, key in self._entered if bed != advice.bed or key in keys
        }
        planned = {one.key for one in self._due if one.bed == advice.bed}
        for offer in advice.offers:
            if offer.key not in planned and (offer.bed, offer.key) not in self._entered:
                self._plan(now_ms, ACTS_AFTER_S[self.kind], _deed(offer))

    def _plan(self, now_ms: int, between_s: tuple[int, int], deed: Deed) -> None:
        if deed.bed not in self._rng:
            self._rng[deed.bed] = generator(self._seed, deed.bed, "attendant")
        at_ms = now_ms + 1000 * int(self._rng[deed.bed].integers(*between_s))
        self._due.append(replace(deed, at_ms=at_ms, told_ms=now_ms))

    def due(self, now_ms: int) -> tuple[Deed, ...]:
        """Return what is done by now, in order of time; it is not returned again."""
        done = sorted((deed for deed in self._due if deed.at_ms <= now_ms), key=_when)
        self._due = [deed for deed in self._due if deed.at_ms > now_ms]
        self._entered |= {
            (deed.bed, deed.key) for deed in done if deed.key not in (ANSWER, MEASURE)
        }
        return tuple(done)


def _answer(call: Call) -> Deed:
    return Deed(
        at_ms=0,
        bed=call.bed,
        session=call.session,
        alert=call.alert,
        key=ANSWER,
        revision=call.revision,
    )


def _deed(offer: Offer) -> Deed:
    return Deed(
        at_ms=0,
        bed=offer.bed,
        session=offer.session,
        alert=offer.alert,
        key=offer.key,
        rate_centi_ml_per_h=offer.rate_centi_ml_per_h,
    )


def _measurement(wish: Wish) -> Deed:
    return Deed(
        at_ms=0, bed=wish.bed, session=wish.session, alert="", key=MEASURE, channel=wish.channel
    )


def _when(deed: Deed) -> tuple[int, str, str, str]:
    return deed.at_ms, deed.bed, deed.alert, deed.key
