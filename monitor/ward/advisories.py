"""Advisory alerts: care that is due or a rate that is not as the label has it.

An advisory says what a person may want to put right. It is an episode like any other, it is
acknowledged like any other, and it never outranks what is true about the person in the bed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.care import alerts
from monitor.facts.effects import Context, Priority
from monitor.ward.alerting import tell_episode
from monitor.ward.bedside import Bedside
from monitor.ward.ward_state import WardState


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One thing to put right; ``cause`` begins with the family that it belongs to."""

    cause: str
    label: str
    priority: Priority
    since_ms: int


def tell_advisories(
    state: WardState,
    bed: Bedside,
    family: str,
    wanted: Sequence[Advisory],
    position: int,
    at_ms: int,
) -> None:
    """Tell the advisories of one family that begin, change or end."""
    by_cause = {one.cause: one for one in wanted}
    for cause, episode in list(bed.episodes.items()):
        mine = episode.picture.kind == "advisory" and cause.startswith(f"{family}:")
        if mine and cause not in by_cause and episode.condition != "ended":
            tell_episode(state, bed, alerts.ended(episode, latched=()), position, at_ms)
    for cause, one in by_cause.items():
        going = bed.episodes.get(cause)
        picture = alerts.Picture(
            cause=cause,
            kind="advisory",
            priority=one.priority,
            pattern="",
            grade=0,
            signs=(),
            label=one.label,
            because=(),
            context=Context(),
        )
        if going is None:
            episode = alerts.raised(
                picture,
                session=bed.session,
                bed=bed.name,
                onset_ms=bed.new_mark(cause, one.since_ms),
                at_ms=at_ms,
                pending=False,
            )
            tell_episode(state, bed, episode, position, at_ms)
        elif going.picture.label != one.label:
            episode = alerts.updated(going, picture, at_ms=at_ms, pending=False)
            tell_episode(state, bed, episode, position, at_ms)
