"""An episode and its change as the effect that tells it."""

from dataclasses import dataclass
from typing import Final

from monitor.care.alerts import Episode
from monitor.facts.effects import AlertChanged, AlertPhase, BookSays, Persistence, PictureSays
from monitor.facts.excursions import Excursion


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertGrounds:
    """What is told beside the rows that decided a reaction, as it stands at that moment."""

    books: tuple[BookSays, ...] = ()
    pictures: tuple[PictureSays, ...] = ()
    persistence: tuple[Persistence, ...] = ()
    excursions: tuple[Excursion, ...] = ()


NO_GROUNDS: Final = AlertGrounds()
"""For alerts about devices, data and care."""


def phase_of(before: Episode | None, after: Episode) -> AlertPhase:
    """Return what a change of an episode is called on the wire."""
    if before is None:
        return "start"
    if after.condition == "ended" and before.condition != "ended":
        return "end"
    if after.worsened_revision > before.revision:
        return "escalate"
    if after.acknowledged_by and not before.acknowledged_by:
        return "acknowledge"
    if after.picture.grade < before.picture.grade:
        return "deescalate"
    return "update"


def alert_changed(
    before: Episode | None,
    after: Episode,
    *,
    at_ms: int,
    bed: str,
    rulebook: str,
    grounds: AlertGrounds = NO_GROUNDS,
) -> AlertChanged:
    """Return the effect that tells the change of an episode, also after its session ended."""
    picture, active_ms = after.picture, after.active_ms
    return AlertChanged(
        at_ms=at_ms,
        bed=bed,
        session=after.session,
        id=after.id,
        revision=after.revision,
        phase=phase_of(before, after),
        condition=after.condition,
        signal=after.signal,
        kind=picture.kind,
        priority=picture.priority,
        cause=picture.cause,
        pattern=picture.pattern,
        grade=picture.grade,
        onset_ms=after.onset_ms,
        raised_ms=after.raised_ms,
        label=picture.label,
        because=picture.because,
        context=picture.context,
        grade_path=after.grade_path,
        acknowledged_by=after.acknowledged_by,
        acknowledged_ms=after.acknowledged_ms,
        realert_ms=after.realert_ms,
        rulebook=rulebook,
        books=grounds.books,
        pictures=grounds.pictures,
        reason=after.reason,
        active_ms=active_ms,
        condition_delay_ms=None if active_ms is None else max(0, active_ms - after.onset_ms),
        quiet_until_ms=after.quiet_until_ms,
        flaps=after.flaps,
        disbelief=after.disbelief,
        persistence=grounds.persistence,
        excursions=grounds.excursions,
    )
