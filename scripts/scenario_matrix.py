"""Every scenario of the library with every fault: what is promised, and what came of it.

A fault strikes the device that measures most in the story (those of the way: all devices) two
minutes before somebody is first called to its bed, or half way through where nobody is. What
people enter is not struck: a tablet shows whether it got through. Where nothing can be promised
the cell says why, by the letters of :data:`NO_PROMISE`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from monitor.facts.effects import AlertChanged, AnyEffect
from monitor.replay import WardOf
from monitor.scenario.checking import SiteOf, read_scenario
from monitor.scenario.rehearsal import UNIT, Rehearsal, rehearsal
from monitor.scenario.stories import START_MS, Delivery, Scenario
from monitor.wire.payloads import encode
from monitor.wire.topics import topic
from scripts.fault_matrix import BREAKS
from simulators.chairs import Sent, generator
from simulators.fault_options import BED_FAULTS, WAY_FAULTS, Struck
from simulators.faults import with_faults

MINUTE_MS: Final = 60_000
BEFORE_MS: Final = 2 * MINUTE_MS
LASTS_MS: Final = 30 * MINUTE_MS
CALLED_FROM: Final = 2
OF_PEOPLE: Final = frozenset({"act", "obs", "session"})
SAME: Final = frozenset({"none", "duplicate"})
"""Under these every row of the file holds as it stands."""

RUN_GAP_MS: Final = 30_000
"""Readings further apart belong to no run that could stand still (``gap_s`` of the detection)."""

NO_PROMISE: Final[Mapping[str, str]] = {
    "a": "people measure in this story, no device does",
    "b": "the fault changes nothing that this device sends after that time",
    "c": "the story, or what the device sends in it, is over before it must be told",
    "d": "no session is open at that time",
    "e": "the device sends too seldom: a value that stands still is a steady one for all we know",
    "f": "nothing of the device was taken before: it is told later, as never heard",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a story is without a fault: where and when it is struck, and what must still come.

    ``called_ms`` is when somebody was first called to the bed, None in a quiet story; times are
    milliseconds since its start. ``technical`` are the causes that the story has of its own.
    """

    bed: str
    device: str
    from_ms: int
    called_ms: int | None
    last_ms: int
    every_ms: int
    """Usual time between two messages of the device."""
    technical: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryCell:
    """What came of one story under one fault; ``why_not`` is a letter where nothing is promised."""

    story: str
    fault: str
    words: str
    is_kept: bool = True
    why_not: str = ""

    @property
    def shown(self) -> str:
        """Return the cell of the table."""
        if self.why_not:
            return self.why_not
        return self.words if self.is_kept else f"**BROKEN: {self.words}**"


def outlook(scenario: Scenario, plain: Rehearsal) -> Outlook | None:
    """Return where a story can be struck; None where no device measures."""
    counts = Counter((one.bed, one.device) for one in scenario.deliveries if one.kind == "vitals")
    if not counts:
        return None
    bed, device = max(counts, key=lambda key: (counts[key], key))
    times = [one.received_ms for one in scenario.deliveries if one.device == device]
    called = [at_ms for at_ms, _ in calls(plain.told, bed)]
    middle_ms = (min(times) + max(times)) // 2
    return Outlook(
        bed=bed,
        device=device,
        from_ms=max(called[0] - BEFORE_MS, 0) if called else middle_ms,
        called_ms=called[0] if called else None,
        last_ms=max(times),
        every_ms=int(np.median(np.diff(sorted(times)))) if len(times) > 1 else scenario.ends_ms,
        technical=frozenset(one.cause for _, one in technicals(plain.told, bed)),
    )


def calls(told: Iterable[tuple[int, AnyEffect]], bed: str) -> Iterator[tuple[int, AlertChanged]]:
    """Yield when somebody was called to a bed because of its person."""
    for at_ms, one in told:
        if (
            isinstance(one, AlertChanged)
            and one.bed == bed
            and one.kind == "physiological"
            and one.phase != "end"
            and one.grade >= CALLED_FROM
        ):
            yield at_ms, one


def technicals(
    told: Iterable[tuple[int, AnyEffect]], bed: str
) -> Iterator[tuple[int, AlertChanged]]:
    """Yield when a technical alert of a bed began or changed."""
    for at_ms, one in told:
        if (
            isinstance(one, AlertChanged)
            and one.bed == bed
            and one.kind == "technical"
            and one.phase != "end"
        ):
            yield at_ms, one


def _stands(told: Iterable[tuple[int, AnyEffect]], seen: Outlook, key: str) -> bool:
    """Tell whether an alert of a kind stood at the bed already when the fault began."""
    last = {
        one.cause: one.phase
        for at_ms, one in told
        if isinstance(one, AlertChanged) and one.bed == seen.bed and at_ms < seen.from_ms
    }
    return any(cause.startswith(key) and phase != "end" for cause, phase in last.items())


def struck(scenario: Scenario, seen: Outlook, fault: str) -> Scenario:
    """Return a story as it is under a fault."""
    kept = [one for one in scenario.deliveries if one.kind in OF_PEOPLE]
    sent = sorted(
        (one for one in scenario.deliveries if one.kind not in OF_PEOPLE),
        key=lambda one: (one.received_ms, one.rank),
    )
    stream = iter([_sent(one) for one in sent])
    made = [_delivery(one) for one in with_faults(stream, _faults(sent, seen, fault))]
    return replace(scenario, deliveries=(*kept, *made))


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


def story_cells(
    path: Path, site_of: SiteOf, faults: Sequence[str] = tuple(BREAKS)
) -> list[StoryCell]:
    """Return what comes of one story under every fault, in their order."""
    scenario = read_scenario(path)
    ward_of = site_of(scenario.settings)
    plain = rehearsal(scenario, ward_of)
    seen = outlook(scenario, plain)
    return [_cell(path.stem, scenario, plain, seen, name, ward_of) for name in faults]


def _cell(
    story: str,
    scenario: Scenario,
    plain: Rehearsal,
    seen: Outlook | None,
    fault: str,
    ward_of: WardOf,
) -> StoryCell:
    if fault == "none":
        kept = not plain.differences
        return StoryCell(story=story, fault=fault, words="as written", is_kept=kept)
    if seen is None:
        return StoryCell(story=story, fault=fault, words="", why_not="a")
    after = struck(scenario, seen, fault)
    why_not = unpromised(scenario, after, seen, fault)
    if why_not:
        return StoryCell(story=story, fault=fault, words="", why_not=why_not)
    return judged(story, fault, seen, rehearsal(_as_far_as_needed(after, seen, fault), ward_of))


def _as_far_as_needed(scenario: Scenario, seen: Outlook, fault: str) -> Scenario:
    """Return a story up to where its promise is kept or broken; what follows changes nothing."""
    broken = BREAKS[fault]
    if fault in SAME or (seen.called_ms is None and broken.promise == "passed on"):
        return scenario
    due_ms = 0 if seen.called_ms is None else seen.called_ms + broken.more_ms
    if broken.promise == "never silent":
        due_ms = max(due_ms, seen.from_ms + broken.told_ms)
    ends_ms = min(scenario.ends_ms, due_ms + MINUTE_MS)
    return replace(
        scenario,
        ends_ms=ends_ms,
        deliveries=tuple(one for one in scenario.deliveries if one.received_ms <= ends_ms),
        expectations=(),
    )


def unpromised(scenario: Scenario, after: Scenario, seen: Outlook, fault: str) -> str:
    """Return the letter that says why nothing is promised, or ""."""
    broken = BREAKS[fault]
    if _bytes(scenario) == _bytes(after):
        return "b"
    if broken.promise == "passed on":
        return ""
    before = [one for one in scenario.deliveries if one.received_ms <= seen.from_ms]
    heard = [
        one
        for one in before
        if (one.device, one.kind) == (seen.device, "vitals") and one.received_ms < seen.from_ms
    ]
    over_ms = min(seen.last_ms, scenario.ends_ms)
    holds = {
        "e": fault == "freeze" and seen.every_ms > RUN_GAP_MS,
        "d": not any(one.kind == "session" and one.bed == seen.bed for one in before),
        "f": not heard or f"refused:{seen.device}" in seen.technical,
        "c": over_ms < seen.from_ms + broken.told_ms,
    }
    return next((letter for letter, is_so in holds.items() if is_so), "")


def _bytes(scenario: Scenario) -> list[tuple[int, str, bytes]]:
    sent = [_sent(one) for one in scenario.deliveries if one.kind not in OF_PEOPLE]
    return sorted((one.at_ms, one.topic, _canonical(one.payload)) for one in sent)


def _canonical(payload: bytes) -> bytes:
    try:
        return msgspec.json.encode(msgspec.json.decode(payload), order="deterministic")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return payload


def judged(story: str, fault: str, seen: Outlook, found: Rehearsal) -> StoryCell:
    """Return what came of a story under a fault, held against what is promised."""
    broken = BREAKS[fault]
    heard = [at_ms for at_ms, _ in calls(found.told, seen.bed)]
    new = [
        at_ms
        for at_ms, one in technicals(found.told, seen.bed)
        if at_ms >= seen.from_ms and (one.cause not in seen.technical or one.phase == "start")
    ]
    told_ms = new[0] - seen.from_ms if new else None
    due_ms = None if seen.called_ms is None else seen.called_ms + broken.more_ms
    is_called = due_ms is not None and any(at_ms <= due_ms for at_ms in heard)
    is_told = told_ms is not None and told_ms <= broken.told_ms
    if fault == "freeze" and not (is_called or is_told):
        # What stood still before is told already, and need not be told again.
        is_told = _stands(found.told, seen, "flat:")
        told_ms = 0 if is_told else told_ms
    words = []
    if fault in SAME and not found.differences:
        words.append("as written")
    elif is_called and heard:
        words.append("called")
    if told_ms is not None and broken.promise == "never silent":
        words.append(f"told {told_ms / MINUTE_MS:.1f}")
    if seen.called_ms is None and heard:
        words.append("called for nothing")
    if fault in SAME:
        is_kept = not found.differences
    elif broken.promise == "passed on":
        # Two faults at once: a story that has one of its own is at least told.
        is_own = bool(seen.technical) and bool(new) and seen.called_ms is not None
        is_kept = is_called or is_own if seen.called_ms is not None else not heard
        words += ["told"] if is_own and not is_called else []
    else:
        is_kept = is_told or is_called or (broken.is_call_enough and bool(heard))
    return StoryCell(story=story, fault=fault, words=", ".join(words) or "quiet", is_kept=is_kept)


def story_lines(cells: Sequence[Sequence[StoryCell]]) -> Iterator[str]:
    """Yield the matrix of stories as Markdown, a row a story."""
    faults = [one.fault for one in cells[0]]
    every = [one for row in cells for one in row]
    promised = [one for one in every if not one.why_not]
    kept = sum(one.is_kept for one in promised)
    yield "## Every scenario with every fault"
    yield ""
    yield (
        f"The stories of `tests/scenarios`, {len(cells)} of them, under the same faults: {kept} of "
        f"{len(promised)} promised cells keep their promise, {len(every) - len(promised)} have "
        "none. A fault strikes the device that measures most, 2 min before somebody is first "
        "called to its bed in the story, or half way through where nobody is; faults of the way "
        "strike all devices. What people enter is not struck: a tablet shows whether it got "
        "through. **None** and **duplicate**: every row of the file holds. **Passed on**: "
        "somebody is called no later than the table above allows, and nobody where nobody is "
        "without the fault; a story with a device trouble of its own is at least told. **Never "
        "silent**: somebody is called as without the fault, or a technical alert begins within the "
        "minutes that the table names (*told*, minutes from the beginning of the fault; 0.0 where "
        "the story stood still already). A call for nothing is one that the story without the "
        "fault does not have."
    )
    yield ""
    yield "A letter says why nothing is promised:"
    yield ""
    yield from (f"* `{letter}`: {words}" for letter, words in NO_PROMISE.items())
    yield ""
    yield f"| scenario | {' | '.join(faults)} |"
    yield f"|---|{'---|' * len(faults)}"
    for row in cells:
        yield f"| `{row[0].story}` | {' | '.join(one.shown for one in row)} |"
