"""Alerts of one bed as they begin, change and end, told with the reason of every change.

An episode is kept here and nowhere else, so what keeps it quiet (a snooze) and what ends a snooze
(something worse) is decided for every alert in one place.
"""

from dataclasses import replace

from monitor.care import alerts
from monitor.care.alert_effects import NO_GROUNDS, AlertGrounds, alert_changed
from monitor.care.flaps import FlapLimits, flap_count, starts_within
from monitor.care.snoozes import Snooze, broken, cover, uncovered
from monitor.facts.effects import SnoozeChanged, SnoozeEnd
from monitor.facts.records import PriorReaction
from monitor.ward.bedside import Bedside
from monitor.ward.departed import excursions
from monitor.ward.judged import Judged
from monitor.ward.likelihood import likely_pictures
from monitor.ward.opinions import opinions
from monitor.ward.pictures import REACTION, Seen, persistence
from monitor.ward.ward_settings import AlertParams
from monitor.ward.ward_state import WardState
from monitor.ward.watching import tell_watch


def tell_reaction(
    state: WardState, bed: Bedside, position: int, at_ms: int, now: Seen, judged: Judged
) -> None:
    """Tell what a new judgement of a bed, among others, made of its physiological alert."""
    before = bed.episodes.get(REACTION)
    going = before if before is not None and before.condition != "ended" else None
    if now.picture is None:
        if going is not None:
            tell_episode(state, bed, _cleared(state, going, at_ms), position, at_ms, judged)
        return
    if going is None:
        if before is not None:
            # What was latched is closed by the new episode, which is on and says more.
            closed = alerts.signalled(before, "acknowledge", "a new alert has taken its place")
            tell_episode(state, bed, closed, position, at_ms, judged)
        tell_episode(state, bed, _begun(state, bed, at_ms, now), position, at_ms, judged)
        return
    moves = (
        (going.condition == "pending" and not now.pending)
        or (going.condition == "active" and now.recovering)
        or (going.condition == "recovering" and not (now.pending or now.recovering))
        or going.held_ms is not None
    )
    if moves or not now.picture.same_as(going.picture):
        going = alerts.updated(
            going, now.picture, at_ms=at_ms, pending=now.pending, recovering=now.recovering
        )
    tell_episode(state, bed, going, position, at_ms, judged)


def flap_limits(life: AlertParams) -> FlapLimits:
    """Return what counts as flapping."""
    return FlapLimits(
        count=life.flap_count, window_ms=life.flap_window_ms, clear_ms=life.flap_clear_ms
    )


def _begun(state: WardState, bed: Bedside, at_ms: int, now: Seen) -> alerts.Episode:
    """Return a new episode; its cause flaps when it has come too often of late."""
    if now.picture is None:
        raise AssertionError("an episode begins with what is true")
    limits = flap_limits(state.settings.alerts)
    starts = starts_within(limits, bed.starts.get(REACTION, ()), at_ms)
    bed.starts[REACTION] = starts
    begun = alerts.raised(
        now.picture,
        session=bed.session,
        bed=bed.name,
        onset_ms=bed.new_mark(REACTION, now.onset_ms),
        at_ms=at_ms,
        pending=now.pending,
    )
    flaps = flap_count(limits, starts)
    if not flaps:
        return begun
    words = f"new; flapping: it came {flaps} times in {limits.window_ms // 60_000} min"
    return replace(begun, flaps=flaps, reason=words)


def _cleared(state: WardState, going: alerts.Episode, at_ms: int) -> alerts.Episode:
    """Return an episode whose picture is gone: over, or held where it flaps."""
    life = state.settings.alerts
    if not going.flaps:
        return alerts.ended(going, latched=life.latch_priorities)
    if going.held_ms is not None:
        return going
    words = (
        f"flapping: shown as one alert until it was clear for {life.flap_clear_ms // 60_000} min"
    )
    return alerts.held(going, at_ms=at_ms, reason=words)


def tell_episode(
    state: WardState,
    bed: Bedside,
    after: alerts.Episode,
    position: int,
    at_ms: int,
    judged: Judged | None = None,
) -> None:
    """Keep an episode as it now is, and tell the change unless there is none.

    ``judged`` are the beds among which this one was just judged, where there are any.
    """
    cause = after.picture.cause
    before = bed.episodes.get(cause)
    if before is not None and before.id != after.id:
        before = None
    # Without a snooze nothing is hushed, and only what was hushed can wake.
    if after.condition != "ended" and (bed.snoozes or after.signal == "snoozed"):
        for snooze in broken(bed.snoozes, after.picture):
            end_snooze(state, bed, snooze, "worse", position, at_ms)
        after = alerts.hushed(
            after,
            cover=cover(bed.snoozes, after.picture, at_ms),
            uncovered=uncovered(bed.snoozes, after.picture, at_ms),
        )
    if before == after:
        return
    after = alerts.revised(before, after)
    bed.known.add(after.id)
    if after.open:
        bed.episodes[cause] = after
        state.standing.add(bed.row)
    else:
        bed.episodes.pop(cause, None)
    reaction = cause == REACTION
    if reaction and after.condition == "active":
        bed.stay.note(
            PriorReaction(
                grade=after.picture.grade,
                pattern=after.picture.pattern,
                product=after.picture.context.product,
                rate_centi_ml_per_h=after.picture.context.rate_centi_ml_per_h,
                at_ms=at_ms,
            )
        )
        state.look_ms[bed.row] = 0
    state.tell(
        position,
        alert_changed(
            before,
            after,
            at_ms=at_ms,
            bed=bed.name,
            rulebook=state.settings.digest,
            grounds=_grounds(state, bed, after, judged) if reaction else NO_GROUNDS,
        ),
    )
    if reaction and after.condition == "active":
        tell_watch(state, bed, position, at_ms, f"a reaction: {after.picture.pattern}")


def _grounds(
    state: WardState, bed: Bedside, episode: alerts.Episode, judged: Judged | None
) -> AlertGrounds:
    """Return what is told beside the rows of a reaction; how far it went ends with it."""
    if judged is None:
        judged = Judged.alone(state, bed)
    goes_on = episode.condition != "ended"
    return AlertGrounds(
        books=opinions(state, bed, judged),
        pictures=likely_pictures(state, bed, judged),
        persistence=persistence(state, bed),
        excursions=excursions(state, bed, episode.picture.because, judged) if goes_on else (),
    )


def end_episodes(state: WardState, bed: Bedside, position: int, at_ms: int) -> None:
    """End all that a bed still shows, because its session ends; what was not seen latches."""
    for snooze in bed.snoozes:
        end_snooze(state, bed, snooze, "session", position, at_ms)
    latched = state.settings.alerts.latch_priorities
    for episode in list(bed.episodes.values()):
        if episode.condition != "ended":
            after = alerts.ended(episode, latched=latched, reason=alerts.SESSION_ENDED)
            tell_episode(state, bed, after, position, at_ms)


def begin_snooze(state: WardState, bed: Bedside, snooze: Snooze, position: int, at_ms: int) -> None:
    """Keep and tell a snooze; an older one of the same sign is replaced."""
    for older in bed.snoozes:
        if older.sign == snooze.sign:
            end_snooze(state, bed, older, "replaced", position, at_ms)
    bed.snoozes = (*bed.snoozes, snooze)
    state.standing.add(bed.row)
    _tell_snooze(state, bed, snooze, "", position, at_ms)


def end_snooze(
    state: WardState, bed: Bedside, snooze: Snooze, end: SnoozeEnd, position: int, at_ms: int
) -> None:
    """Forget a snooze and tell why it ended."""
    bed.snoozes = tuple(one for one in bed.snoozes if one is not snooze)
    _tell_snooze(state, bed, snooze, end, position, at_ms)


def _tell_snooze(
    state: WardState, bed: Bedside, snooze: Snooze, end: SnoozeEnd, position: int, at_ms: int
) -> None:
    state.tell(
        position,
        SnoozeChanged(
            at_ms=at_ms,
            bed=bed.name,
            session=bed.session,
            sign=snooze.sign,
            grade=snooze.grade,
            until_ms=snooze.until_ms,
            by=snooze.by,
            reason=snooze.reason,
            end=end,
        ),
    )
