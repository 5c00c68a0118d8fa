"""Replay: recorded steps through the same decoder and ward as the live monitor.

The rule of this file is *same steps in, same bytes out*. Nothing here decides anything: a step is
decoded, the ward takes it at the recorded time, and the effects come out in the canonical bytes
that the ledger of a live run holds, so the two can be compared line by line.
"""

import codecs
import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TextIO, TypeGuard

import msgspec

from monitor.adapters.ledger import effect_bytes
from monitor.adapters.recording import BAD_LINES, InputFileError, Recording, Remarks
from monitor.adapters.sources import open_source
from monitor.excerpts import AS_IT_IS, Reading, of_beds, until
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    AlertChanged,
    AnyEffect,
    GradeChanged,
    MessageRejected,
    ReadingsKept,
    SessionChanged,
)
from monitor.facts.records import RecordedStep
from monitor.following import Behind, SiteWards, TakesSteps
from monitor.wire.messages import decode

Replayed = tuple[RecordedStep, tuple[AnyEffect, ...]]

FOUND_SOMETHING: Final = 1
BAD_INPUT: Final = 4

HOUR_MS: Final = 3_600_000

DEPENDS_ON_CONFIG: Final = frozenset({"config", "rulebook"})
"""Fields that say which configuration was in force: every change of a comment changes them, so
a comparison leaves them out."""

FAILED_STEPS: Final = "steps in which the ward failed"

CALLING: Final = frozenset({"medium", "high"})
"""Priorities at which somebody is called; low and info are shown and wait to be seen."""

_PROGRESS_EVERY: Final = 10_000


WardOf = Callable[[str], TakesSteps]
"""Makes a fresh ward for a unit."""

Failed = Callable[[RecordedStep, Exception], None]
"""Is told of a step in which the ward failed."""


def replay(
    steps: Iterable[RecordedStep],
    ward: TakesSteps,
    *,
    failed: Failed | None = None,
    behind: Behind | None = None,
) -> Iterator[Replayed]:
    """Yield every step with the effects that the ward made of it, and of what came ``behind`` it.

    A live monitor goes on without the effects of a step in which its ward failed. With
    ``failed``, which is told of it, so does the replay; without it the failure is raised.
    """
    for number, step in enumerate(steps, start=1):
        inputs = [decode(raw, position=n) for n, raw in enumerate(step.messages)]
        try:
            effects = ward.take(step.now_ms, inputs)
        except Exception as fault:
            if failed is None:
                raise
            failed(step, fault)
            effects = ()
        yield step, effects if behind is None else (*effects, *behind(number))


def rebatch(steps: Iterable[RecordedStep], *, window_ms: int) -> Iterator[RecordedStep]:
    """Yield the same messages in the same order under other step boundaries.

    With a window of 0 every message is a step of its own, at the time at which it was received
    (never before the step in front of it); steps without a message stay. With a longer window
    all steps of one window become one step, at the time of the last of them.

    Raises
    ------
    ValueError
        If the window is negative.
    """
    if window_ms < 0:
        raise ValueError(f"a window of {window_ms} ms, must be at least 0")
    if window_ms == 0:
        yield from _single(steps)
        return
    for _, group in itertools.groupby(steps, key=lambda step: step.now_ms // window_ms):
        joined = tuple(group)
        messages = itertools.chain.from_iterable(step.messages for step in joined)
        yield RecordedStep(now_ms=joined[-1].now_ms, messages=tuple(messages))


def _single(steps: Iterable[RecordedStep]) -> Iterator[RecordedStep]:
    last_ms: int | None = None
    for step in steps:
        for message in step.messages:
            due_ms = min(message.received_ms, step.now_ms)
            last_ms = due_ms if last_ms is None else max(last_ms, due_ms)
            yield RecordedStep(now_ms=last_ms, messages=(message,))
        if last_ms is None or step.now_ms > last_ms or not step.messages:
            last_ms = step.now_ms if last_ms is None else max(last_ms, step.now_ms)
            yield RecordedStep(now_ms=last_ms, messages=())


def digest(effects: Iterable[AnyEffect]) -> str:
    """Return the SHA-256, in hexadecimal, over the canonical lines of effects."""
    return digest_of_lines(effect_bytes(effect) for effect in effects)


def digest_of_lines(lines: Iterable[bytes]) -> str:
    """Return the SHA-256, in hexadecimal, over lines that are given without their ends."""
    total = hashlib.sha256()
    for line in lines:
        total.update(line)
        total.update(b"\n")
    return total.hexdigest()


def first_difference(expected: Iterable[bytes], got: Iterable[bytes]) -> str:
    """Return where two lists of effect lines first differ, in words; empty if they do not."""
    for number, (old, new) in enumerate(itertools.zip_longest(expected, got), start=1):
        if old == new:
            continue
        if old is None or new is None:
            which = "more effects than were blessed" if old is None else "fewer than were blessed"
            return f"effect {number}: {which}: {(new or old or b'').decode()}"
        words = _field_difference(msgspec.json.decode(old), msgspec.json.decode(new), "")
        if words:
            return f"effect {number}: {words}\n  blessed: {old.decode()}\n  got:     {new.decode()}"
    return ""


def _field_difference(old: object, new: object, place: str) -> str:
    """Return the first field that differs, in words; empty if only the configuration does."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in (*old, *(name for name in new if name not in old)):
            if name in DEPENDS_ON_CONFIG:
                continue
            words = _field_difference(old.get(name), new.get(name), f"{place}.{name}".lstrip("."))
            if words:
                return words
        return ""
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        parts = (_field_difference(a, b, f"{place}[{index}]") for index, (a, b) in pairs)
        return next(filter(None, parts), "")
    if old == new and type(old) is type(new):
        return ""
    return f"{place}: {_json(old)} was blessed, {_json(new)} came"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came out of replays, counted."""

    recordings: int = 0
    steps: int = 0
    messages: int = 0
    effects: int = 0
    duration_ms: int = 0
    sessions: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    gates: Counter[str] = field(default_factory=Counter)
    peak_grades: Counter[int] = field(default_factory=Counter)
    """Recordings by the highest grade that their bed reached."""
    episodes: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Alerts by kind and highest grade."""
    called: int = 0
    """Physiological alerts that reached a priority at which somebody is called."""

    def add(self, replayed: Iterable[Replayed]) -> Iterator[Replayed]:
        """Count the steps of one recording while they pass."""
        self.recordings += 1
        peaks: dict[str, tuple[str, int]] = {}
        called: set[str] = set()
        peak = NOT_ASSESSABLE
        first_ms: int | None = None
        last_ms = 0
        try:
            for step, effects in replayed:
                first_ms = step.now_ms if first_ms is None else first_ms
                last_ms = step.now_ms
                self.steps += 1
                self.messages += len(step.messages)
                self.effects += len(effects)
                for effect in effects:
                    self._count(effect, peaks)
                    if _calls(effect):
                        called.add(effect.id)
                    if isinstance(effect, GradeChanged):
                        peak = max(peak, effect.grade)
                yield step, effects
        finally:  # what was seen before a crash counts
            self.duration_ms += last_ms - (last_ms if first_ms is None else first_ms)
            self.peak_grades[peak] += 1
            self.episodes.update(peaks.values())
            self.called += len(called)

    def _count(self, effect: AnyEffect, peaks: dict[str, tuple[str, int]]) -> None:
        match effect:
            case AlertChanged():
                highest = max((effect.grade, *(grade for _, grade in effect.grade_path)))
                _, before = peaks.get(effect.id, ("", NOT_ASSESSABLE))
                peaks[effect.id] = (effect.kind, max(before, highest))
            case SessionChanged(event="open", refused=False):
                self.sessions += 1
                self.gates[effect.gates] += 1
            case MessageRejected():
                self.refused[effect.reason] += 1
            case ReadingsKept():
                self.kept[effect.outcome] += 1

    def alerts(self, kind: str) -> Mapping[int, int]:
        """Return the number of alerts of a kind by their highest grade."""
        return {grade: n for (of, grade), n in sorted(self.episodes.items()) if of == kind}

    def lines(self) -> Iterator[str]:
        """Yield the summary for people."""
        yield f"recordings      {self.recordings}, sessions {self.sessions}"
        yield f"steps           {self.steps}, messages {self.messages}, effects {self.effects}"
        yield f"hours           {self.duration_ms / HOUR_MS:.1f}"
        for kind in ("physiological", "technical", "advisory"):
            yield f"{kind:<15} {_counted(self.alerts(kind), 'grade ')}"
        yield f"highest grade   {_counted(self.peak_grades, 'grade ')}"
        yield f"refused         {_counted(self.refused)}"
        yield f"readings kept   {_counted(self.kept)}"
        yield f"gates           {_counted(self.gates)}"


def _calls(effect: AnyEffect) -> TypeGuard[AlertChanged]:
    """Tell whether an effect is a physiological alert for which somebody is called."""
    return (
        isinstance(effect, AlertChanged)
        and effect.kind == "physiological"
        and effect.priority in CALLING
    )


def _counted(counts: Mapping[int, int] | Mapping[str, int], prefix: str = "") -> str:
    """Return counts as words; the grade of what cannot be assessed has a name."""
    parts = [
        f"{'not assessable' if key == NOT_ASSESSABLE else f'{prefix}{key}'}: {number}"
        for key, number in sorted(counts.items())
    ]
    return f"{sum(counts.values())} ({', '.join(parts)})" if parts else "0"


def run(
    sources: Sequence[Path | Recording],
    *,
    ward_of: WardOf,
    out: TextIO,
    err: TextIO,
    as_json: bool = False,
    compare: Path | None = None,
    reading: Reading = AS_IT_IS,
) -> int:
    """Replay files, or recordings from elsewhere; return the exit code of the command.

    Every recording gets a ward of its own; those of a folder go through the configurations of a
    journal. With ``as_json`` the effects go to ``out`` as lines, otherwise a summary does. With
    ``compare`` the effects must equal the lines of that file. Where bad lines are left out, the
    exit code says that something was found.
    """
    tally, remarks = Tally(), Remarks(skips_bad=reading.skips_bad)
    blessed = None
    lines: list[bytes] = []
    total = hashlib.sha256()
    try:
        blessed = None if compare is None else _blessed(compare)
        for effect in _effects(sources, ward_of, tally, remarks, err, reading):
            line = effect_bytes(effect)
            total.update(line + b"\n")
            if blessed is not None:
                lines.append(line)
            if as_json:
                out.write(f"{line.decode()}\n")
    except InputFileError as fault:
        err.writelines(f"{words}\n" for words in remarks.lines())
        err.write(f"{fault}\n")
        return BAD_INPUT
    summary = err if as_json else out
    err.writelines(f"{words}\n" for words in remarks.lines())
    for words in tally.lines():
        summary.write(f"{words}\n")
    summary.write(f"digest          sha256:{total.hexdigest()}\n")
    is_sound = not (remarks.counts.get(FAILED_STEPS) or remarks.counts.get(BAD_LINES))
    failures = 0 if is_sound else FOUND_SOMETHING
    if blessed is None:
        return failures
    difference = first_difference(blessed, lines)
    err.write(f"{compare}: {difference}\n" if difference else f"{compare}: no difference\n")
    return FOUND_SOMETHING if difference else failures


def _blessed(path: Path) -> list[bytes]:
    try:
        lines = path.read_bytes().removeprefix(codecs.BOM_UTF8).splitlines()
    except OSError as fault:
        raise InputFileError(path, f"cannot be read: {fault.strerror or fault}") from fault
    for number, line in enumerate(lines, start=1):
        try:
            msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            reason = f"is no effect as replay --json writes them: {fault}"
            raise InputFileError(path, reason, line=number) from fault
    return lines


def _effects(
    sources: Sequence[Path | Recording],
    ward_of: WardOf,
    tally: Tally,
    remarks: Remarks,
    err: TextIO,
    reading: Reading,
) -> Iterator[AnyEffect]:
    window = reading.rebatch_ms
    for source in sources:
        found: Iterable[Recording] = (
            (source,)
            if isinstance(source, Recording)
            else open_source(source, remarks, form=reading.form)
        )
        name = source.name if isinstance(source, Recording) else source
        for recording in found:
            failed = partial(note_failure, recording.name, remarks)
            ward = ward_of(recording.unit)
            behind = None
            if isinstance(ward_of, SiteWards):
                anew = window is not None
                behind = ward_of.site.behind(recording, ward, remarks, is_rebatched=anew)
            steps = until(steps_of(recording, window), reading.end)
            steps = of_beds(steps, reading.beds, remarks, recording.name)
            first_ms: int | None = None
            for step, effects in tally.add(replay(steps, ward, failed=failed, behind=behind)):
                first_ms = step.now_ms if first_ms is None else first_ms
                if tally.steps % _PROGRESS_EVERY == 0:
                    err.write(f"{name}: {tally.recordings} recordings, {tally.steps} steps\n")
                if reading.begin is None or step.now_ms >= reading.begin.at_ms(first_ms):
                    yield from effects


def note_failure(name: str, remarks: Remarks, step: RecordedStep, fault: Exception) -> None:
    """Remark on a step in which the ward failed."""
    what = f"{type(fault).__name__}: {fault}"
    remarks.add(FAILED_STEPS, f"{name}: the ward failed in the step at {step.now_ms} ms: {what}")


def steps_of(recording: Recording, window_ms: int | None) -> Iterable[RecordedStep]:
    """Return the steps of a recording, under other boundaries where a window is given."""
    if window_ms is None:
        return recording.steps
    return rebatch(recording.steps, window_ms=window_ms)
