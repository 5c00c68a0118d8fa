"""Every scenario of the library with every fault: what is promised, and what came of it.

A fault strikes the device that measures most in the story (those of the way: all devices) two
minutes before somebody is first called to its bed, or half way through where nobody is; where it
changes nothing of that device, it strikes the next one at the bed. What people enter is not
struck, except where nobody but them measures. What is promised says the table of faults, and for
some kinds of story :mod:`scripts.story_promises`. A story that ends before its promise is due is
told with a later end.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from monitor.facts.effects import AlertChanged, AnyEffect, MessageRejected
from monitor.replay import WardOf
from monitor.scenario.checking import SiteOf, read_scenario
from monitor.scenario.reading import scenario_of
from monitor.scenario.rehearsal import UNIT, Rehearsal, rehearsal
from monitor.scenario.stories import START_MS, Delivery, Scenario
from monitor.scenario.times import clock
from monitor.wire.payloads import HandVitalsPayload, encode
from monitor.wire.topics import topic
from scripts.fault_matrix import BREAKS
from scripts.story_promises import (
    MINUTE_MS,
    OVERDUE_MS,
    RULES,
    SAME,
    Kind,
    Outlook,
    changed_ms,
    due_ms,
    forbidden,
    is_of_people,
    kind_of,
    must_call,
    since_ms,
)
from simulators.chairs import Sent, generator
from simulators.fault_options import BED_FAULTS, WAY_FAULTS, Struck
from simulators.faults import with_faults

BEFORE_MS: Final = 2 * MINUTE_MS
CALLED_FROM: Final = 2
MORE_MS: Final = OVERDUE_MS + 2 * MINUTE_MS  # so much later a story may end that is told on


@dataclass(frozen=True, slots=True, kw_only=True)
class Stricken:
    """A story under a fault, what it was without, and what is promised to it, from when."""

    plain: Scenario
    after: Scenario
    seen: Outlook
    kind: Kind
    begins_ms: int
    due_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryCell:
    """What came of one story under one fault; ``kind`` says which rule holds for it."""

    story: str
    fault: str
    words: str
    is_kept: bool = True
    kind: Kind = "usual"

    @property
    def shown(self) -> str:
        """Return the cell of the table."""
        mark = f" `{RULES[self.kind].letter}`" if self.kind in RULES else ""
        return f"{self.words if self.is_kept else f'**BROKEN: {self.words}**'}{mark}"


def outlooks(scenario: Scenario, plain: Rehearsal) -> list[Outlook]:
    """Return where a story can be struck, the first choice first; none where nothing is sent."""
    bed, is_hand = _bed_and_hand(scenario)
    counts = Counter(
        one.device
        for one in scenario.deliveries
        if one.bed == bed and (not is_hand or isinstance(one.payload, HandVitalsPayload))
        if one.kind in ("vitals", "obs" if is_hand else "status")
    )
    measure = {one.device for one in scenario.deliveries if one.bed == bed and one.kind == "vitals"}
    order = sorted(counts, key=lambda one: (one in measure, counts[one], one), reverse=True)
    return [_outlook(scenario, plain, bed, device, is_hand=is_hand) for device in order]


def _bed_and_hand(scenario: Scenario) -> tuple[str, bool]:
    """Return the bed with most messages of one device, and whether only people measure."""
    counts = Counter((one.bed, one.device) for one in scenario.deliveries if one.kind == "vitals")
    if counts:
        return max(counts, key=lambda key: (counts[key], key))[0], False
    by_hand = [one for one in scenario.deliveries if isinstance(one.payload, HandVitalsPayload)]
    beds = Counter(one.bed for one in by_hand or scenario.deliveries)
    return max(beds, key=lambda bed: (beds[bed], bed)), bool(by_hand)


def _outlook(
    scenario: Scenario, plain: Rehearsal, bed: str, device: str, *, is_hand: bool
) -> Outlook:
    sent = [one for one in scenario.deliveries if (one.bed, one.device) == (bed, device)]
    mine = [one for one in sent if not is_hand or isinstance(one.payload, HandVitalsPayload)]
    times = [one.received_ms for one in mine]
    called = list(calls(plain.told, bed))
    called_ms = called[0][0] if called else None
    middle_ms = (min(times) + max(times)) // 2
    opened = [
        one.received_ms for one in scenario.deliveries if (one.bed, one.kind) == (bed, "session")
    ]
    return Outlook(
        bed=bed,
        device=device,
        from_ms=middle_ms if called_ms is None else max(called_ms - BEFORE_MS, 0),
        called_ms=called_ms,
        last_ms=max(times),
        every_ms=int(np.median(np.diff(sorted(times)))) if len(times) > 1 else scenario.ends_ms,
        technical=frozenset(one.cause for _, one in technicals(plain.told, bed)),
        opened_ms=min(opened, default=0),
        channels=frozenset(row.channel for row in called[0][1].because) if called else frozenset(),
        is_hand=is_hand,
    )


def calls(
    told: Iterable[tuple[int, AnyEffect]], bed: str, grade: int = CALLED_FROM
) -> Iterator[tuple[int, AlertChanged]]:
    """Yield when somebody was called to a bed because of its person, from a grade on."""
    for at_ms, one in told:
        if (
            isinstance(one, AlertChanged)
            and one.bed == bed
            and one.kind == "physiological"
            and one.phase != "end"
            and one.grade >= grade
        ):
            yield at_ms, one


def technicals(
    told: Iterable[tuple[int, AnyEffect]], bed: str, *, is_hand: bool = False
) -> Iterator[tuple[int, AlertChanged]]:
    """Yield when a technical alert of a bed began or changed; by hand also what is overdue."""
    kinds = ("technical", "advisory") if is_hand else ("technical",)
    for at_ms, one in told:
        if (
            isinstance(one, AlertChanged)
            and one.bed == bed
            and one.kind in kinds
            and one.phase != "end"
        ):
            yield at_ms, one


def _standing(told: Iterable[tuple[int, AnyEffect]], bed: str, until_ms: int) -> frozenset[str]:
    """Return the causes of the alerts that nobody is called for and that stand at a time."""
    last = {
        one.cause: one.phase
        for at_ms, one in told
        if isinstance(one, AlertChanged)
        and (one.bed, one.kind != "physiological") == (bed, True)
        and at_ms <= until_ms
    }
    return frozenset(cause for cause, phase in last.items() if phase != "end")


def struck(scenario: Scenario, seen: Outlook, fault: str) -> Scenario:
    """Return a story as it is under a fault."""
    kept = [one for one in scenario.deliveries if is_of_people(one, seen)]
    sent = sorted(
        (one for one in scenario.deliveries if not is_of_people(one, seen)),
        key=lambda one: (one.received_ms, one.rank),
    )
    stream = [_sent(one) for one in sent]
    made = list(with_faults(iter(stream), _faults(sent, seen, fault)))
    if fault == "drop" and len(made) == len(stream):
        # Chance has spared all of them: the first one after the strike is lost.
        from_ms = START_MS + seen.from_ms
        first = next((n for n, one in enumerate(made) if one.at_ms >= from_ms), len(made))
        made = made[:first] + made[first + 1 :]
    return replace(scenario, deliveries=(*kept, *map(_delivery, made)))


def _faults(
    sent: Sequence[Delivery], seen: Outlook, fault: str
) -> list[Callable[[Iterator[Sent]], Iterator[Sent]]]:
    if fault == "none":
        return []
    if fault in WAY_FAULTS:
        rng = generator(1, seen.device, fault)
        return [WAY_FAULTS[fault].made(BREAKS[fault].share, rng)]
    from_ms = START_MS + seen.from_ms
    at = Struck(
        device=seen.device,
        devices=frozenset(one.device for one in sent if one.bed == seen.bed),
        from_ms=from_ms,
        until_ms=from_ms + BREAKS[fault].lasts_ms,
    )
    return [BED_FAULTS[fault].made(at)]


def _sent(one: Delivery) -> Sent:
    payload = one.payload if isinstance(one.payload, bytes) else encode(one.payload)
    return Sent(
        at_ms=START_MS + one.received_ms,
        topic=topic(UNIT, one.bed, one.device, one.kind),
        payload=payload,
        is_retained=one.retained,
    )


def _delivery(sent: Sent) -> Delivery:
    _, _, _, bed, device, kind = sent.topic.split("/")
    return Delivery(
        received_ms=sent.at_ms - START_MS,
        rank=2,
        bed=bed,
        device=device,
        kind=kind,
        payload=sent.payload,
        retained=sent.is_retained,
    )


def stricken(path: Path, scenario: Scenario, seen: Sequence[Outlook], fault: str) -> Stricken:
    """Return a story under a fault, at the first device of which it changes something."""
    longer = prolonged(path, scenario.ends_ms + MORE_MS)
    tried = [(one, struck(longer, one, fault)) for one in seen]
    at, after = next(
        ((one, now) for one, now in tried if changed_ms(longer, now, one) is not None), tried[0]
    )
    kind = kind_of(scenario, struck(scenario, at, fault), at, fault)
    begins_ms = since_ms(longer, after, at, kind)
    return Stricken(
        plain=scenario,
        after=after,
        seen=at,
        kind=kind,
        begins_ms=begins_ms,
        due_ms=due_ms(at, fault, kind, begins_ms),
    )


def prolonged(path: Path, ends_ms: int) -> Scenario:
    """Return the story of a file with a later end: what repeats in it goes on."""
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    return scenario_of(values | {"ends": clock(ends_ms)}, str(path))


def story_cells(
    path: Path, site_of: SiteOf, faults: Sequence[str] = tuple(BREAKS)
) -> list[StoryCell]:
    """Return what comes of one story under every fault, in their order."""
    scenario = read_scenario(path)
    ward_of = site_of(scenario.settings)
    plain = rehearsal(scenario, ward_of)
    seen = outlooks(scenario, plain)
    return [_cell(path, scenario, plain, seen, name, ward_of) for name in faults]


def _cell(
    path: Path,
    scenario: Scenario,
    plain: Rehearsal,
    seen: Sequence[Outlook],
    fault: str,
    ward_of: WardOf,
) -> StoryCell:
    if fault == "none" or not seen:
        kind: Kind = "usual" if fault == "none" else "untouched"
        return as_written(path.stem, fault, kind, plain)
    if fault in SAME:
        return as_written(
            path.stem, fault, "usual", rehearsal(struck(scenario, seen[0], fault), ward_of)
        )
    under = stricken(path, scenario, seen, fault)
    if under.kind == "untouched":
        return as_written(path.stem, fault, under.kind, plain)
    return judged(path.stem, fault, under, rehearsal(as_far_as_needed(under, fault), ward_of))


def as_written(story: str, fault: str, kind: Kind, found: Rehearsal) -> StoryCell:
    """Return the cell of a story of which every row must hold."""
    words = str(found.differences[0]) if found.differences else "as written"
    return StoryCell(
        story=story, fault=fault, words=words, is_kept=not found.differences, kind=kind
    )


def as_far_as_needed(under: Stricken, fault: str) -> Scenario:
    """Return a story up to where its promise is kept or broken, and with what it forbids."""
    broken, seen = BREAKS[fault], under.seen
    if broken.promise == "passed on" and seen.called_ms is None:
        ends_ms = under.plain.ends_ms
    else:
        called_ms = 0 if seen.called_ms is None else seen.called_ms + broken.more_ms
        due = under.due_ms if broken.promise == "never silent" else 0
        ends_ms = max(called_ms, due) + MINUTE_MS
    return replace(
        under.after,
        ends_ms=ends_ms,
        deliveries=tuple(one for one in under.after.deliveries if one.received_ms <= ends_ms),
        expectations=forbidden(under.plain.expectations, fault, min(ends_ms, under.plain.ends_ms)),
    )


def judged(story: str, fault: str, under: Stricken, found: Rehearsal) -> StoryCell:
    """Return what came of a story under a fault, held against what is promised."""
    broken, seen = BREAKS[fault], under.seen
    heard = [at_ms for at_ms, _ in calls(found.told, seen.bed)]
    called_by_ms = None if seen.called_ms is None else seen.called_ms + broken.more_ms
    is_called = called_by_ms is not None and any(at_ms <= called_by_ms for at_ms in heard)
    told_ms = _told_ms(fault, under, found)
    words = ["called"] if is_called else []
    words += ["called later"] if heard and seen.called_ms is not None and not is_called else []
    if told_ms is not None and broken.promise == "never silent":
        words.append(f"told {told_ms / MINUTE_MS:.1f}")
    words += ["called for nothing"] if heard and seen.called_ms is None else []
    offers = forbidden_offers(found)
    more, is_kept = _kept(fault, under, found, is_called=is_called, told_ms=told_ms)
    words += [*([more] if more else []), *(f"offers {one}" for one in offers)]
    return StoryCell(
        story=story,
        fault=fault,
        words=", ".join(words) or "quiet",
        is_kept=is_kept and not offers,
        kind=under.kind,
    )


def _kept(
    fault: str, under: Stricken, found: Rehearsal, *, is_called: bool, told_ms: int | None
) -> tuple[str, bool]:
    """Return what else is to be said of a cell, and whether its promise is kept."""
    broken, seen, kind = BREAKS[fault], under.seen, under.kind
    heard = [at_ms for at_ms, _ in calls(found.told, seen.bed)]
    is_idle = seen.called_ms is None and bool(heard)
    if kind == "seldom":
        mild = [at_ms for at_ms, _ in calls(found.told, seen.bed, grade=1)]
        last_ms = (seen.called_ms or 0) + broken.more_ms
        is_mild = any(at_ms <= last_ms for at_ms in mild) and not is_called
        is_due = must_call(seen, fault, kind)
        return "told as grade 1" if is_mild and is_due else "", (
            is_called or is_mild or not is_due
        ) and not is_idle
    if broken.promise == "passed on":
        # Two faults at once: a story that has one of its own is at least told.
        is_own = bool(seen.technical) and told_ms is not None and seen.called_ms is not None
        is_kept = is_called or is_own if must_call(seen, fault, kind) else not heard
        return "told" if is_own and not is_called else "", is_kept
    if kind == "plausible":
        return "", not heard
    if kind == "refused":
        is_kept = bool(_standing(found.told, seen.bed, under.due_ms))
        return "stays told" if is_kept and told_ms is None else "", is_kept
    by_ms = under.due_ms
    is_told = told_ms is not None and under.begins_ms + told_ms <= by_ms
    is_heard = any(at_ms <= by_ms for at_ms in heard)
    is_enough = broken.is_call_enough or kind in ("unheard", "by hand")
    if kind == "by hand" and not is_told:
        is_told = bool(_standing(found.told, seen.bed, by_ms))
        return "stays told" if is_told else "", is_told or is_called or is_heard
    return "", is_told or is_called or (is_enough and is_heard)


def forbidden_offers(found: Rehearsal) -> list[str]:
    """Return what was offered although the file forbids it."""
    return [str(one) for one in found.differences if one.row != "all"]


def _told_ms(fault: str, under: Stricken, found: Rehearsal) -> int | None:
    """Return how long it took until the bed was told of its trouble; None if it never was."""
    seen = under.seen
    new = [
        at_ms
        for at_ms, one in technicals(found.told, seen.bed, is_hand=seen.is_hand)
        if at_ms >= seen.from_ms and (one.cause not in seen.technical or one.phase == "start")
    ]
    if seen.is_hand:
        # Who enters something is answered at once.
        new += [
            at_ms
            for at_ms, one in found.told
            if isinstance(one, MessageRejected) and at_ms >= seen.from_ms
        ]
    if fault == "freeze" and any(
        cause.startswith("flat:") for cause in _standing(found.told, seen.bed, seen.from_ms - 1)
    ):
        # What stood still before is told already, and need not be told again.
        new.append(under.begins_ms)
    return max(min(new) - under.begins_ms, 0) if new else None
