"""What time alone makes due for the alerts of a bed: nothing here resolves what is true.

A pause or a snooze that is over, an acknowledged alert that lasts, an alert that nobody answers,
and a flapping alert that readings have shown clear for long enough.
"""

from dataclasses import replace

from monitor.care import alerts
from monitor.care.escalation import EscalationStep, due
from monitor.care.flaps import stayed_clear
from monitor.care.snoozes import over, shown_signs
from monitor.facts.effects import AlertEscalated
from monitor.ward.advising import tell_advice
from monitor.ward.alerting import end_snooze, flap_limits, tell_episode
from monitor.ward.bedside import Bedside
from monitor.ward.ward_state import LAST, WardState


def tell_timed(state: WardState, bed: Bedside, now_ms: int) -> None:
    """Tell what is due at a bed at the time of a step."""
    for snooze in over(bed.snoozes, now_ms):
        end_snooze(state, bed, snooze, "time", LAST, now_ms)
    for cause in list(bed.episodes):
        episode = bed.episodes[cause]
        tell_episode(state, bed, _called_again(episode, now_ms), LAST, now_ms)
        if _flapping_is_over(state, bed, episode):
            latched = state.settings.alerts.latch_priorities
            words = "it flapped and has stayed clear"
            after = alerts.ended(bed.episodes[cause], latched=latched, reason=words)
            tell_episode(state, bed, after, LAST, now_ms)
            tell_advice(state, bed, LAST, now_ms)
        else:
            _tell_unanswered(state, bed, cause, now_ms)


def _called_again(episode: alerts.Episode, now_ms: int) -> alerts.Episode:
    """Return an episode whose quiet time is over as calling again, another one as it is."""
    if episode.signal == "audio-paused":
        until_ms = episode.quiet_until_ms
        return alerts.resumed(episode) if until_ms is None or now_ms >= until_ms else episode
    due_ms = episode.realert_ms
    if episode.signal == "acknowledged" and due_ms is not None and now_ms >= due_ms:
        return alerts.realerted(episode)
    return episode


def _flapping_is_over(state: WardState, bed: Bedside, episode: alerts.Episode) -> bool:
    if episode.held_ms is None:
        return False
    detection, shown = state.detection, shown_signs(episode.picture)
    reads = [
        row
        for row, sign in zip(detection.reads, detection.params.signs, strict=True)
        if sign in shown and row.any()
    ]
    # A sign was read when one of its channels was; what people chart has no channel.
    read_ms = tuple(int(detection.measured_ms[bed.row, row].max()) for row in reads)
    return stayed_clear(flap_limits(state.settings.alerts), episode.held_ms, read_ms)


def _tell_unanswered(state: WardState, bed: Bedside, cause: str, now_ms: int) -> None:
    """Note since when an alert calls, and tell the chain when that is too long."""
    episode = bed.episodes[cause]
    if episode.signal not in alerts.CALLS or episode.held_ms is not None:
        return
    if episode.picture.kind == "advisory":
        return  # what a person may want to put right calls nobody else
    if episode.calling_ms is None:
        episode = bed.episodes[cause] = replace(episode, calling_ms=now_ms)
    waited_ms = now_ms - (episode.calling_ms or now_ms)
    chain, priority = state.settings.escalation, episode.picture.priority
    for step in due(chain, priority, level=episode.level, waited_ms=waited_ms):
        words = f"nobody has acknowledged it for {waited_ms // 1000} s"
        tell_call(state, bed, bed.episodes[cause], step, LAST, now_ms, reason=words)


def tell_call(
    state: WardState,
    bed: Bedside,
    episode: alerts.Episode,
    step: EscalationStep,
    position: int,
    at_ms: int,
    *,
    by: str = "",
    reason: str,
) -> None:
    """Tell the next person of the chain; the alert itself is as it was."""
    kept = alerts.called(episode, to=step.to)
    bed.episodes[kept.picture.cause] = kept
    waited_ms = 0 if kept.calling_ms is None else max(0, at_ms - kept.calling_ms)
    state.tell(
        position,
        AlertEscalated(
            at_ms=at_ms,
            bed=bed.name,
            session=kept.session,
            alert=kept.id,
            revision=kept.revision,
            level=kept.level,
            to=step.to,
            failsafe=step.failsafe,
            priority=kept.picture.priority,
            grade=kept.picture.grade,
            label=kept.picture.label,
            waited_ms=waited_ms,
            by=by,
            reason=reason,
        ),
    )
