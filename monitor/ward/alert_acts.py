"""What people do about an alert: take it on, give it back, keep it quiet, call for more.

Every act names the alert. One that its signal has no place for is refused with the reason, and so
is one that was made for an older revision than that in which the alert got worse: whoever made it
had not seen that.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from monitor.care import alerts
from monitor.care.escalation import chain
from monitor.care.snoozes import Snooze, SnoozeLimits, cover, shown_signs, snooze_refusal
from monitor.facts.records import ActTaken, ActVerb
from monitor.ward.alerting import begin_snooze, end_snooze, tell_episode
from monitor.ward.bedside import Bedside
from monitor.ward.timed import tell_call
from monitor.ward.ward_state import WardState

NEEDS_THE_NEWEST: Final = frozenset({"ack", "reset", "pause-audio", "snooze", "not-a-reaction"})
"""Acts that make an alert quieter: they must be about what it is now."""

EVENTS: Final[dict[ActVerb, alerts.SignalEvent]] = {
    "ack": "acknowledge",
    "reset": "acknowledge",
    "hand-back": "hand-back",
    "pause-audio": "pause",
}
"""The signal event that an act stands for, where it stands for one."""


def acted_on_alert(state: WardState, bed: Bedside, record: ActTaken) -> str:
    """Do what a person asked about an alert and return "", or return why it was refused."""
    episode = next((one for one in bed.episodes.values() if one.id == record.alert), None)
    if episode is None:
        if record.act == "not-a-reaction" and record.alert in bed.known:
            return ""  # what is over can still be judged: only the record of it is kept
        return f"alert {record.alert!r} is not open at this bed"
    return _refusal(episode, record) or ACTS[record.act](state, bed, episode, record)


def _refusal(episode: alerts.Episode, record: ActTaken) -> str:
    """Return why an act does not fit the alert as it is, or ""."""
    revision = record.revision
    late = revision is not None and revision < episode.worsened_revision
    if late and record.act in NEEDS_THE_NEWEST:
        verb = "acknowledged" if record.act in ("ack", "reset") else f"meant by {record.act}"
        return (
            f"revision {revision} was {verb}, but the alert got worse in revision "
            f"{episode.worsened_revision}"
        )
    if record.act == "reset" and episode.signal != "latched":
        return "only a latched alert can be reset"
    event = EVENTS.get(record.act)
    if event is None or event in alerts.SIGNAL_TABLE[episode.signal]:
        return ""
    if event == "acknowledge":
        return f"already acknowledged by {episode.acknowledged_by}"
    return f"{record.act}: the signal is {episode.signal}, {episode.reason}"


def realert_ms(state: WardState, episode: alerts.Episode, at_ms: int) -> int | None:
    """Return when an alert that is acknowledged now is signalled again, None if it is not."""
    life = state.settings.alerts
    waits = {"high": life.realert_high_ms, "medium": life.realert_medium_ms}
    wait_ms = waits.get(episode.picture.priority)
    return None if wait_ms is None else at_ms + wait_ms


def _acknowledge(state: WardState, bed: Bedside, episode: alerts.Episode, record: ActTaken) -> str:
    at_ms = record.measured_ms
    again_ms = realert_ms(state, episode, at_ms)
    after = alerts.acknowledged(episode, by=record.by, at_ms=at_ms, realert_ms=again_ms)
    tell_episode(state, bed, after, record.position, at_ms)
    return ""


def _hand_back(state: WardState, bed: Bedside, episode: alerts.Episode, record: ActTaken) -> str:
    after = alerts.handed_back(episode, by=record.by)
    tell_episode(state, bed, after, record.position, record.measured_ms)
    return ""


def _pause(state: WardState, bed: Bedside, episode: alerts.Episode, record: ActTaken) -> str:
    longest_ms = state.settings.alerts.audio_pause_max_ms
    for_ms = longest_ms if record.for_ms is None else record.for_ms
    if for_ms > longest_ms:
        return f"{for_ms // 1000} s is too long: at most {longest_ms // 1000} s"
    after = alerts.paused(episode, by=record.by, at_ms=record.measured_ms, for_ms=for_ms)
    tell_episode(state, bed, after, record.position, record.measured_ms)
    return ""


def _snooze(state: WardState, bed: Bedside, episode: alerts.Episode, record: ActTaken) -> str:
    picture, at_ms, life = episode.picture, record.measured_ms, state.settings.alerts
    limits = SnoozeLimits(longest_ms=life.snooze_max_ms, highest_grade=life.snooze_grade_max)
    sign = record.sign or picture.cause
    grade = shown_signs(picture).get(sign, 0) if record.grade is None else record.grade
    for_ms = limits.longest_ms if record.for_ms is None else record.for_ms
    refused = snooze_refusal(episode, sign=sign, grade=grade, for_ms=for_ms, limits=limits)
    if refused:
        return refused
    snooze = Snooze(
        sign=sign, grade=grade, until_ms=at_ms + for_ms, by=record.by, reason=record.reason
    )
    begin_snooze(state, bed, snooze, record.position, at_ms)
    after = alerts.snoozed(episode, cover=cover(bed.snoozes, picture, at_ms))
    tell_episode(state, bed, after, record.position, at_ms)
    return ""


def _unsnooze(state: WardState, bed: Bedside, episode: alerts.Episode, record: ActTaken) -> str:
    sign = record.sign or episode.picture.cause
    found = next((one for one in bed.snoozes if one.sign == sign), None)
    if found is None:
        names = ", ".join(one.sign for one in bed.snoozes) or "nothing"
        return f"{sign!r} is not snoozed; snoozed: {names}"
    end_snooze(state, bed, found, "lifted", record.position, record.measured_ms)
    tell_episode(state, bed, episode, record.position, record.measured_ms)
    return ""


def _not_a_reaction(
    state: WardState, bed: Bedside, episode: alerts.Episode, record: ActTaken
) -> str:
    """Keep the judgement; who makes it has also seen the alert and takes it on."""
    episode = replace(episode, disbelief=record.disbelief or "other")
    if "acknowledge" in alerts.SIGNAL_TABLE[episode.signal]:
        return _acknowledge(state, bed, episode, record)
    tell_episode(state, bed, episode, record.position, record.measured_ms)
    return ""


def _escalate(state: WardState, bed: Bedside, episode: alerts.Episode, record: ActTaken) -> str:
    steps = state.settings.escalation
    rows = chain(steps, episode.picture.priority) or chain(steps, "high")
    if episode.level >= len(rows):
        return f"{episode.called or 'nobody'} is the last of the chain"
    words = f"{record.by} asks for help" + (f": {record.reason}" if record.reason else "")
    tell_call(
        state,
        bed,
        episode,
        rows[episode.level],
        record.position,
        record.measured_ms,
        by=record.by,
        reason=words,
    )
    return ""


ACTS: Final[dict[ActVerb, Callable[[WardState, Bedside, alerts.Episode, ActTaken], str]]] = {
    "ack": _acknowledge,
    "escalate": _escalate,
    "hand-back": _hand_back,
    "not-a-reaction": _not_a_reaction,
    "pause-audio": _pause,
    "reset": _acknowledge,
    "snooze": _snooze,
    "unsnooze": _unsnooze,
}
"""What does each act."""
