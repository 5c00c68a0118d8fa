"""Snoozes: one sign, in its one direction, up to one grade, until a stated time.

A sign already says cause and direction (``tachycardia`` is not ``bradycardia``), so a snoozed one
never mutes the opposite danger. A snooze keeps an alert quiet only while it covers everything the
alert shows; another sign or a higher grade calls again, and a grade above the snoozed one ends
the snooze itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from monitor.care.alerts import Episode, Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """What nobody wants to be called for, how badly, until when, by whom and why."""

    sign: str
    grade: int
    until_ms: int
    by: str
    reason: str

    @property
    def words(self) -> str:
        """What it covers, in words."""
        grade = f" up to grade {self.grade}" if self.grade else ""
        return f"{self.sign}{grade} snoozed by {self.by}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeLimits:
    """The longest snooze, and the highest grade that may be snoozed."""

    longest_ms: int
    highest_grade: int


def shown_signs(picture: Picture) -> dict[str, int]:
    """Return what a picture shows by sign, the unconfirmed too; a technical one shows its cause."""
    if not picture.signs:
        return {picture.cause: picture.grade}
    found: dict[str, int] = {}
    for name, grade in picture.signs:
        sign = name.removesuffix("?")
        found[sign] = max(grade, found.get(sign, 0))
    return found


def broken(snoozes: Iterable[Snooze], picture: Picture) -> tuple[Snooze, ...]:
    """Return the snoozes whose sign is now worse than what they cover."""
    shown = shown_signs(picture)
    return tuple(one for one in snoozes if shown.get(one.sign, 0) > one.grade)


def over(snoozes: Iterable[Snooze], now_ms: int) -> tuple[Snooze, ...]:
    """Return the snoozes whose time is over."""
    return tuple(one for one in snoozes if now_ms >= one.until_ms)


def cover(snoozes: Iterable[Snooze], picture: Picture, at_ms: int) -> str:
    """Return in words what keeps a picture quiet, "" where something of it is not covered."""
    running = {one.sign: one for one in snoozes if at_ms < one.until_ms}
    used = [running.get(sign) for sign in shown_signs(picture)]
    found = [one for one in used if one is not None]
    if len(found) < len(used):
        return ""
    shown = shown_signs(picture)
    if any(shown[one.sign] > one.grade for one in found):
        return ""
    if picture.grade > max(one.grade for one in found):
        # The picture that the signs make together is worse than each of them.
        return ""
    return "; ".join(one.words for one in found)


def uncovered(snoozes: Iterable[Snooze], picture: Picture, at_ms: int) -> str:
    """Return in words what of a picture no snooze covers."""
    running = {one.sign: one.grade for one in snoozes if at_ms < one.until_ms}
    shown = shown_signs(picture)
    open_ = [
        f"{sign} (grade {grade})" if grade else sign
        for sign, grade in shown.items()
        if grade > running.get(sign, -1)
    ]
    return ", ".join(open_) or f"{picture.pattern or 'picture'} (grade {picture.grade})"


def snooze_refusal(
    episode: Episode, *, sign: str, grade: int, for_ms: int, limits: SnoozeLimits
) -> str:
    """Return why a snooze cannot be taken, or ""."""
    shown = shown_signs(episode.picture)
    if episode.condition == "ended":
        return "the condition has ended: acknowledge it"
    if sign not in shown:
        return f"{sign!r} is not what the alert shows; it shows: {', '.join(shown)}"
    if for_ms > limits.longest_ms:
        return f"{for_ms // 1000} s is too long: at most {limits.longest_ms // 1000} s"
    if grade > limits.highest_grade:
        return f"grade {grade} cannot be snoozed: at most grade {limits.highest_grade}"
    if grade < shown[sign]:
        return f"{sign} is at grade {shown[sign]} now: a snooze up to grade {grade} covers nothing"
    return ""
