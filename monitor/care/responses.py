"""Whether a step worked, judged from the signs that the detector holds.

The signs at the time of a step are kept with it and compared with those at the time of the
look: exact grades and the newest values behind them. Nothing is called better because it was
not measured: without a newer value of what was wrong the answer is "not measured", and the
steps that follow treat it like no improvement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from monitor.facts.effects import Because

Verdict: TypeAlias = Literal["recovered", "improved", "unchanged", "worse", "not-measured"]
VERDICTS: Final[tuple[Verdict, ...]] = (
    "recovered", "improved", "unchanged", "worse", "not-measured",
)  # fmt: skip

HELPED: Final[frozenset[Verdict]] = frozenset({"recovered", "improved"})
"""Verdicts after which the next steps are not asked for yet."""

CLEARING: Final = "clearing."
"""Beginning of the rule of a sign that holds only because its clear time still runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the detector held of a bed at one time.

    ``signs`` are confirmed signs with their grades; ``rows`` are the reasons, with values in
    hundredths and the times at which they were measured.
    """

    at_ms: int
    signs: tuple[tuple[str, int], ...]
    rows: tuple[Because, ...]

    def clearing(self) -> frozenset[str]:
        """Return the signs whose limits are clear and whose clear time still runs."""
        return frozenset(row.sign for row in self.rows if row.rule.startswith(CLEARING))

    def newest_ms(self, sign: str) -> int | None:
        """Return when the newest value behind a sign was measured, or None if none was."""
        times = [
            row.measured_ms
            for row in self.rows
            if row.sign == sign and row.channel and row.measured_ms is not None
        ]
        return max(times, default=None)

    def values(self) -> dict[tuple[str, str], tuple[int, str]]:
        """Return value and unit by sign and channel, the first row of each."""
        found: dict[tuple[str, str], tuple[int, str]] = {}
        for row in self.rows:
            if row.channel and row.value_centi is not None:
                found.setdefault((row.sign, row.channel), (row.value_centi, row.unit))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What became of the signs since a step was taken."""

    verdict: Verdict
    at_ms: int
    words: str


def response(before: Look, now: Look) -> Response:
    """Return what became of the signs between a step and a look at them.

    Worse comes before everything else: a sign that is new or of a higher grade. Then every sign
    that still holds must have been measured since the step; a symptom that people charted
    counts as measured, because nobody has charted that it went.
    """
    was, held = dict(before.signs), dict(now.signs)
    verdict: Verdict = _verdict(was, held, before, now)
    return Response(verdict=verdict, at_ms=now.at_ms, words=_words(was, held, before, now))


def _verdict(was: Mapping[str, int], held: Mapping[str, int], before: Look, now: Look) -> Verdict:
    if not held:
        return "recovered"
    if any(grade > was.get(sign, 0) for sign, grade in held.items()):
        return "worse"
    clearing = now.clearing()
    for sign in held:
        newest_ms = now.newest_ms(sign)
        if sign not in clearing and newest_ms is not None and newest_ms <= before.at_ms:
            return "not-measured"
    lower = any(held.get(sign, 0) < grade for sign, grade in was.items())
    return "improved" if lower or clearing else "unchanged"


def _words(was: Mapping[str, int], held: Mapping[str, int], before: Look, now: Look) -> str:
    """Return one phrase for each sign that was there or is: grades, and values where known."""
    clearing = now.clearing()
    old, new = before.values(), now.values()
    said = []
    for sign in dict.fromkeys([*was, *held]):
        after = "gone" if sign not in held else f"grade {held[sign]}"
        if sign in clearing:
            after += ", easing"
        values = [
            f"{channel.upper()} {_number(value)} -> {_number(new[key][0])}"
            for key in old
            if key[0] == sign and key in new
            for channel, value in ((key[1], old[key][0]),)
        ]
        shown = f" ({'; '.join(values)})" if values else ""
        said.append(f"{sign}: grade {was.get(sign, 0)} -> {after}{shown}")
    return "; ".join(said)


def _number(value_centi: int) -> str:
    return f"{value_centi // 100}.{value_centi % 100:02d}".rstrip("0").rstrip(".")
