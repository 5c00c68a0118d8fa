"""Ward stories: files that say who lies where in a simulated ward, and what breaks there.

A story of a bed (:mod:`monitor.scenario`) writes every message out and says itself what must come
of it. A ward story names reactions, equipment and faults in the words of the command line; the
simulator makes the messages, and what must come of a reaction is what is promised for it
(:data:`simulators.scenario.EXPECTED`). It is read as strictly, with all its faults at once.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from monitor.scenario.places import FaultKept, Place, ScenarioError, shown
from monitor.scenario.times import AT_FORM, HOURS_MAX, LENGTH_FORM, at_ms, clock, length_ms
from simulators.equipment import equipment_by_bed
from simulators.fault_options import FaultOption, fault_option
from simulators.planting import planted_cases
from simulators.scenario import (
    BEDS,
    MINUTE_MS,
    ReactionOption,
    Scenario,
    doses_by_bed,
    planted,
    reaction_option,
    unjudged_beds,
    ward_scenario,
    with_doses,
)
from simulators.strikes import bed_faults, carts_of, home_of

T = TypeVar("T")

KEYS: Final = frozenset(
    {
        *("title", "shows", "lasts", "speed", "seed", "every", "beds"),
        *("reactions", "doses", "equipment", "faults"),
    }
)
"""Everything that a ward story may say."""

SPEED: Final = 60.0
SPEED_MAX: Final = 1000
SEED: Final = 1
SEED_MAX: Final = 2**63 - 1
EVERY: Final = "5 s"
EVERY_S: Final = (1, 60)
"""The shortest and the longest cadence of a monitor [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WardStory:
    """A ward to tell: what it is called and shows, who lies there, and what breaks."""

    title: str
    shows: str
    scenario: Scenario
    faults: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the name of the story, which is that of its file."""
        return self.scenario.name

    @property
    def fault_options(self) -> tuple[FaultOption, ...]:
        """Return what breaks, read."""
        beds, carts = len(self.scenario.beds), carts_of(self.scenario)
        return tuple(fault_option(text, beds=beds, carts=carts) for text in self.faults)

    @property
    def size(self) -> str:
        """Return how many beds and reactions there are and how long it lasts, in words."""
        reacting = len(planted(self.scenario)) + len(unjudged_beds(self.scenario))
        counted = f"{_counted(len(self.scenario.beds), 'bed')}, {_counted(reacting, 'reaction')}"
        return f"{counted}, {clock(self.scenario.length_s * 1000)} h"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def ward_story_of(
    values: Mapping[str, object], file: str, *, name: str, seed: int | None = None
) -> WardStory:
    """Return the ward story of a document, with another seed than its own where one is given.

    Raises
    ------
    ScenarioError
        With every fault of the document.
    """
    faults: list[str] = []
    with suppress(FaultKept):
        return _story(Place("file", values, faults), name, seed)
    raise ScenarioError(file, faults)


def _story(place: Place, name: str, seed: int | None) -> WardStory:
    """Read every key and put the ward together; leave with all faults at the end.

    What cannot be read is taken as what refuses nothing else, so that each fault is told once.
    """
    title = _kept(lambda: place.text("title"), "")
    shows = _kept(lambda: place.text("shows"), "")
    length_s = _kept(lambda: _lasts_s(place), HOURS_MAX * 3600)
    speed = _kept(lambda: _speed(place), SPEED)
    own_seed = _kept(lambda: _whole(place, "seed", SEED, (0, SEED_MAX)), SEED)
    cadence_s = _kept(lambda: _every_s(place), EVERY_S[1])
    beds = _kept(lambda: _whole(place, "beds", None, (1, BEDS)), BEDS)
    reactions = _each(place, "reactions", lambda text: reaction_option(text, beds=beds))
    doses = _each(place, "doses", lambda text: doses_by_bed([text], beds=beds))
    equipment = _each(place, "equipment", lambda text: equipment_by_bed([text], beds=beds))
    equipped = equipment_by_bed(list(equipment), beds=beds)
    carts = {one.cart for one in equipped.values()} - {""}
    faults = _each(place, "faults", lambda text: fault_option(text, beds=beds, carts=carts))
    place.close()
    seed = own_seed if seed is None else seed
    with _keeping(place, "reactions"):
        scenario = ward_scenario(
            beds=beds,
            reactions=list(reactions.values()),
            seed=seed,
            length_s=length_s,
            speed=speed,
            cadence_s=cadence_s,
            equipment=list(equipment),
            cases=planted_cases(list(reactions.values()), seed=seed, length_s=length_s),
        )
        _look_at_reactions(place, scenario, reactions)
        _look_at_faults(place, scenario, faults)
        with _keeping(place, "doses"):
            scenario = replace(with_doses(scenario, list(doses)), name=name)
    if place.faults:
        raise FaultKept
    return WardStory(title=title, shows=shows, scenario=scenario, faults=tuple(faults))


def _kept(read: Callable[[], T], otherwise: T) -> T:
    """Return what a key says; where it cannot be read its fault is kept and another value holds."""
    with suppress(FaultKept):
        return read()
    return otherwise


@contextmanager
def _keeping(place: Place, key: str) -> Iterator[None]:
    """Keep what a reader of the command line refuses as a fault of a key."""
    try:
        yield
    except ValueError as wrong:
        place.keep(key, str(wrong))


def _each(place: Place, key: str, read: Callable[[str], T]) -> dict[str, T]:
    """Return what each text of a list says, by the text; the faults of the others are kept."""
    place.used.add(key)
    raw = place.values.get(key, [])
    if not isinstance(raw, list):
        place.keep(key, f"must be a list of texts, got {shown(raw)}")
        return {}
    found: dict[str, T] = {}
    for text in raw:
        if not isinstance(text, str):
            place.keep(key, f"must be a list of texts, got {shown(text)} in it")
        elif text in found:
            place.keep(key, f"{text!r} stands there twice")
        else:
            with _keeping(place, key):
                found[text] = read(text)
    return found


def _lasts_s(place: Place) -> int:
    found_ms = at_ms(place.text("lasts"))
    if found_ms is None or found_ms < MINUTE_MS:
        form = f"must be {AT_FORM}, and at least 0:01"
        place.refuse("lasts", f"{form}, got {shown(place.values.get('lasts'))}")
    return found_ms // 1000


def _every_s(place: Place) -> int:
    found_ms = length_ms(place.text("every", EVERY))
    least_s, most_s = EVERY_S
    if found_ms is None or not least_s * 1000 <= found_ms <= most_s * 1000:
        form = f"must be {LENGTH_FORM}, from {least_s} s to {most_s} s"
        place.refuse("every", f"{form}, got {shown(place.values.get('every'))}")
    return found_ms // 1000


def _speed(place: Place) -> float:
    place.used.add("speed")
    value = place.values.get("speed", SPEED)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= SPEED_MAX:
        place.refuse("speed", f"must be a number from 1 to {SPEED_MAX:g}, got {shown(value)}")
    return float(value)


def _whole(place: Place, key: str, default: int | None, limits: tuple[int, int]) -> int:
    place.used.add(key)
    value = place.values.get(key, default)
    least, most = limits
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        place.refuse(key, f"must be a whole number from {least} to {most}, got {shown(value)}")
    return value


def _look_at_reactions(
    place: Place, scenario: Scenario, reactions: Mapping[str, ReactionOption]
) -> None:
    """Keep a fault for every reaction that the story does not wait for.

    One must begin in it, and where it is known what it must lead to, there must be time for that.
    """
    due_ms = {one.bed: one.onset_ms + one.expected.within_ms for one in planted(scenario)}
    for text, option in reactions.items():
        plan = scenario.beds[option.bed_number - 1]
        begins_ms = (plan.opens_s + plan.reaction_s) * 1000
        by_ms = due_ms.get(plan.bed, begins_ms)
        if by_ms > scenario.length_s * 1000:
            caught = f" and must be caught by {clock(by_ms)}" if plan.bed in due_ms else ""
            end = clock(scenario.length_s * 1000)
            place.keep(
                "reactions",
                f"reaction {text!r}: begins at {clock(begins_ms)}{caught}, the story ends at {end}",
            )


def _look_at_faults(place: Place, scenario: Scenario, faults: Mapping[str, FaultOption]) -> None:
    """Keep a fault for whatever breaks after the end, or where nothing is that could break."""
    for text, option in faults.items():
        with _keeping(place, "faults"):
            bed_faults([option], scenario, started_ms=0)
        struck = [scenario.beds[number - 1] for number in option.beds]
        struck += [home for cart in option.carts if (home := home_of(cart, scenario.beds))]
        begins_s = [plan.opens_s + plan.start_s + option.after_s for plan in struck]
        if begins_s and min(begins_s) >= scenario.length_s:
            begins, end = clock(min(begins_s) * 1000), clock(scenario.length_s * 1000)
            place.keep("faults", f"fault {text!r}: begins at {begins}, the story ends at {end}")
