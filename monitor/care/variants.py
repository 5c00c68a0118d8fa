"""Where published protocols disagree, and what this site does: each question a named option.

A :class:`Position` is one published answer with its source. The site chooses one of each
(:class:`Chosen`); :func:`ladders_of_site` gives the ladders with those answers in them. Nothing
chosen here can break the rules that hold for every ladder: a test walks all combinations.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Final, Literal, TypeAlias, get_args

from monitor.care.ladders import EPINEPHRINE, Dose, Ladder, LadderStep, Pattern
from monitor.care.nearness import NearRow
from monitor.care.products import ProductKind

Option: TypeAlias = Literal[
    "first_step",
    "restart_rate",
    "clear_time",
    "epinephrine_repeat",
    "epinephrine_maximum",
    "antihistamine",
    "steroid",
    "refractory",
]
OPTIONS: Final[tuple[Option, ...]] = get_args(Option)

NEEDED: Final[dict[Option, tuple[str, ...]]] = {
    "epinephrine_repeat": ("after_ms", "latest_ms"),
    "epinephrine_maximum": ("maximum_milli",),
    "refractory": ("doses",),
}
"""What every position of an option must say besides its words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One published answer to a question on which protocols disagree."""

    option: Option
    name: str
    words: str
    source: tuple[str, ...]
    after_ms: int | None = None
    latest_ms: int | None = None
    maximum_milli: int | None = None
    doses: int | None = None

    def __post_init__(self) -> None:
        """Refuse an answer that leaves out what it is about."""
        missing = [name for name in NEEDED.get(self.option, ()) if getattr(self, name) is None]
        if missing:
            raise ValueError(f"a position on {self.option} needs {', '.join(missing)}")
        if self.latest_ms is not None and self.latest_ms < (self.after_ms or 0):
            raise ValueError("latest must not be before after")
        if self.doses is not None and self.doses < 1:
            raise ValueError(f"doses must be at least 1, got {self.doses}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The name of the position that the site takes on each question."""

    first_step: str
    restart_rate: str
    clear_time: str
    epinephrine_repeat: str
    epinephrine_maximum: str
    antihistamine: str
    steroid: str
    refractory: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Within which time a reaction is over when the step that answers it works."""

    pattern: Pattern
    within_ms: int
    source: tuple[str, ...]
    only_for: tuple[ProductKind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MitigationTimes:
    """How patient the monitor is with steps that nobody speaks of, and with pumps.

    ``soon_after_start_ms`` is how long after the start a reaction begins soon,
    ``pressure_known_ms`` how old a pressure may be when one begins, to be that of its beginning.
    """

    unanswered_ms: int
    pump_grace_ms: int
    soon_after_start_ms: int
    pressure_known_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mitigation:
    """Everything of mitigation that is the site's and stands on no ladder."""

    chosen: Chosen
    position: tuple[Position, ...]
    recovery: tuple[Recovery, ...]
    times: MitigationTimes
    near: tuple[NearRow, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a choice that no position describes, and a question with one answer."""
        names = [(one.option, one.name) for one in self.position]
        doubled = [f"{option} {name}" for option, name in names if names.count((option, name)) > 1]
        if doubled:
            raise ValueError(f"position {doubled[0]!r} stands twice")
        for field in fields(self.chosen):
            known = [one.name for one in self.position if one.option == field.name]
            if getattr(self.chosen, field.name) not in known:
                name = getattr(self.chosen, field.name)
                raise ValueError(f"{field.name} {name!r} has no position; known: {known}")
        channels = [row.channel for row in self.near]
        if len(set(channels)) != len(channels):
            raise ValueError("a channel stands twice among the near rows")

    def taken(self, option: Option) -> Position:
        """Return the position of this site on a question."""
        name = getattr(self.chosen, option)
        return next(one for one in self.position if (one.option, one.name) == (option, name))

    def recovery_ms(self, pattern: str, kind: str) -> int | None:
        """Return how long recovery may take, the row of the product's kind first; None if open."""
        rows = [one for one in self.recovery if one.pattern == pattern]
        own = [one.within_ms for one in rows if kind in one.only_for]
        usual = [one.within_ms for one in rows if not one.only_for]
        return next(iter(own + usual), None)


def ladders_of_site(ladders: Iterable[Ladder], site: Mitigation) -> tuple[Ladder, ...]:
    """Return the ladders with the positions of the site in them; orders and keys stay unique."""
    return tuple(_ladder(ladder, site) for ladder in ladders)


def _ladder(ladder: Ladder, site: Mitigation) -> Ladder:
    has_epinephrine = any(step.drug == EPINEPHRINE for step in ladder.steps)
    steps: list[LadderStep] = []
    for step in ladder.steps:
        if _is_dropped(step, site, has_epinephrine=has_epinephrine):
            continue
        made = _rung(step, site)
        # Where a mild reaction is paused first, the pause for later has no place any more.
        if made.key not in {one.key for one in steps}:
            steps.append(made)
    clear = site.taken("clear_time").after_ms
    clear_ms = ladder.clear_ms if ladder.terminal or clear is None else clear
    return replace(ladder, steps=tuple(steps), clear_ms=clear_ms)


def _is_dropped(step: LadderStep, site: Mitigation, *, has_epinephrine: bool) -> bool:
    """Whether a rung has no place at this site."""
    if step.drug == "corticosteroid" and has_epinephrine:
        return site.taken("steroid").name == "none"
    return step.rate == "last-tolerated" and site.taken("restart_rate").name == "half"


def _rung(step: LadderStep, site: Mitigation) -> LadderStep:
    if step.drug == EPINEPHRINE:
        return _epinephrine(step, site)
    if step.drug == "antihistamine" and step.offered == "at-once":
        return _antihistamine(step, site)
    if step.rate == "half" and site.taken("restart_rate").name == "half":
        return replace(step, only_for=(), source=site.taken("restart_rate").source)
    first = site.taken("first_step")
    if step.rate == "slower" and step.offered == "at-once" and first.name == "pause":
        return replace(
            step, key="pause", kind="pause", rate="", words=first.words, source=first.source
        )
    return step


def _epinephrine(step: LadderStep, site: Mitigation) -> LadderStep:
    again, most = site.taken("epinephrine_repeat"), site.taken("epinephrine_maximum")
    doses = site.taken("refractory").doses or 1
    return replace(
        step,
        recheck_ms=again.after_ms,
        repeat_ms=again.after_ms if doses > 1 else None,
        repeat_by_ms=again.latest_ms if doses > 1 else None,
        repeats=doses - 1 if doses > 1 else None,
        dose=_capped(step.dose, most.maximum_milli) if step.dose else None,
    )


def _capped(dose: Dose, maximum_milli: int | None) -> Dose:
    """Return the dose under another cap; a child never gets more than an adult."""
    most = min(dose.maximum_milli, maximum_milli or dose.maximum_milli)
    child = dose.child_maximum_milli
    return replace(
        dose,
        maximum_milli=most,
        child_maximum_milli=None if child is None else min(child, most),
    )


def _antihistamine(step: LadderStep, site: Mitigation) -> LadderStep:
    position = site.taken("antihistamine")
    if position.name == "first-generation":
        return step
    late = position.name == "once-stable"
    return replace(
        step,
        words=position.words,
        source=position.source,
        dose=None,
        offered="when-resolved" if late else step.offered,
        recheck_ms=None if late else step.recheck_ms,
        repeat_ms=None if late else step.repeat_ms,
        repeats=None if late else step.repeats,
    )
