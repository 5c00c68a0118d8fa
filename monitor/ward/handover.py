"""What one shift hands to the next, bed by bed: what is open, who has it, what was not told.

Asked for by a person and worked out then; a step of the ward does not wait for it.
"""

from monitor.care.alert_effects import NO_GROUNDS, AlertGrounds, alert_changed
from monitor.care.alerts import Episode
from monitor.care.cards import why_card
from monitor.care.session import OPEN
from monitor.facts.effects import NOT_ASSESSABLE
from monitor.facts.views import HandOver
from monitor.ward.bedside import Bedside
from monitor.ward.departed import excursions
from monitor.ward.judged import Judged
from monitor.ward.opinions import opinions
from monitor.ward.pictures import (
    REACTION,
    missing_measurements,
    persistence,
)
from monitor.ward.untold import untold
from monitor.ward.ward_state import NO_BED, WardState
from monitor.ward.why_nots import NOTHING_READ, lines_of


def hand_over(state: WardState, now_ms: int) -> tuple[HandOver, ...]:
    """Return the sheet of every bed that is watched or still shows something, by name."""
    beds = sorted(state.beds, key=lambda bed: bed.name)
    return tuple(
        _sheet(state, bed, now_ms)
        for bed in beds
        if bed.name != NO_BED and (bed.phase in OPEN or bed.episodes)
    )


def _sheet(state: WardState, bed: Bedside, now_ms: int) -> HandOver:
    episodes = sorted(bed.episodes.values(), key=lambda episode: episode.raised_ms)
    steps = bed.advice.steps if bed.advice is not None else ()
    why = tuple(line for episode in episodes for line in _card(state, bed, episode, now_ms))
    reaction = bed.episodes.get(REACTION)
    if bed.phase in OPEN and (reaction is None or reaction.condition == "ended"):
        why += _why_nothing(state, bed)
    return HandOver(
        bed=bed.name,
        session=bed.session,
        phase=bed.phase,
        grade=NOT_ASSESSABLE if bed.grade is None else bed.grade,
        alerts=tuple(_alert_line(episode, now_ms) for episode in episodes),
        snoozes=tuple(
            f"{snooze.words}, for {max(0, snooze.until_ms - now_ms) // 1000} s more"
            for snooze in bed.snoozes
        ),
        steps=tuple(step.words for step in steps if step.state in ("offered", "started")),
        untold=tuple(f"{one.what}: {one.reason}" for one in untold(state, [bed]).get(bed.row, ())),
        why=why,
    )


def _card(state: WardState, bed: Bedside, episode: Episode, now_ms: int) -> tuple[str, ...]:
    reaction, judged = episode.picture.cause == REACTION, Judged.alone(state, bed)
    shown = alert_changed(
        episode,
        episode,
        at_ms=now_ms,
        bed=bed.name,
        rulebook=state.settings.digest,
        grounds=AlertGrounds(
            books=opinions(state, bed, judged),
            persistence=persistence(state, bed),
            excursions=excursions(state, bed, episode.picture.because, judged),
        )
        if reaction
        else NO_GROUNDS,
    )
    return why_card(shown)


def _why_nothing(state: WardState, bed: Bedside) -> tuple[str, ...]:
    lines = lines_of(state, bed.row)
    return lines if lines == (NOTHING_READ,) else (*lines, *missing_measurements(state, bed))


def _alert_line(episode: Episode, now_ms: int) -> str:
    picture = episode.picture
    words = f"{picture.priority} {picture.label}, {episode.condition}, "
    words += f"{(now_ms - episode.onset_ms) // 60_000} min old"
    if episode.acknowledged_by:
        words += f"; {episode.acknowledged_by} has it"
    if episode.called:
        words += f"; told to {episode.called}"
    return words
