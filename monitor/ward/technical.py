"""Technical alerts: data that are missing, devices that are gone, values in the wrong place.

The silent, the never heard and the absent channels of all beds are found in one vectorized
pass a step; only beds where that changed are looked at one by one. A technical alert says what
is missing and holds every physiological alert as it was: silence resolves nothing.
"""

from typing import Final

import numpy as np

from detectors.channels import N_CHANNELS, NEVER, Bool
from monitor.care import alerts
from monitor.care.reasons import FULL_NAMES, SHORT_NAMES
from monitor.care.silence import missing_channels, silent_channels
from monitor.facts.effects import Context, Priority
from monitor.ward.advising import tell_course_due
from monitor.ward.alerting import tell_episode
from monitor.ward.bedside import Bedside
from monitor.ward.telling import tell_grade
from monitor.ward.timed import tell_timed
from monitor.ward.ward_state import LAST, WardState

MISPLACED_FOR_MS: Final = 600_000
"""Engineering: a wrong-bed alert ends when no value was misplaced for ten minutes."""


def tell_due(state: WardState, now_ms: int) -> None:
    """Tell everything that time alone has made due."""
    tell_course_due(state, now_ms)
    troubled = _troubled(state, now_ms)
    for row in np.flatnonzero((troubled != state.troubled).any(axis=1)):
        if row < len(state.beds):
            state.troubled[row] = troubled[row]
            tell_technical(state, state.beds[row], LAST, now_ms)
            tell_grade(state, state.beds[row], LAST, now_ms)
    for bed in [state.beds[row] for row in sorted(state.standing)]:
        tell_timed(state, bed, now_ms)
        if bed.misplaced:
            _forget_misplaced(state, bed, now_ms)
        if not (bed.episodes or bed.misplaced or bed.snoozes):
            state.standing.discard(bed.row)


def _troubled(state: WardState, now_ms: int) -> Bool:
    """Silent, never heard and absent channels of watched beds, shape (bed, 3 * channel)."""
    params = state.settings.silence
    watched = (state.opened_ms != NEVER)[:, None]
    silent = silent_channels(params, now_ms, state.received_ms, state.charted) & watched
    missing = missing_channels(
        now_ms,
        state.opened_ms,
        state.received_ms,
        state.expected,
        state.settings.alerts.never_heard_after_ms,
    )
    reported = state.absent_ms != NEVER
    gone_ms = now_ms - np.where(reported, state.absent_ms, now_ms)
    absent = watched & reported & (gone_ms >= params.absent_after_ms)
    return np.concatenate([silent & ~reported, missing & ~reported, absent], axis=1)


def tell_technical(state: WardState, bed: Bedside, position: int, at_ms: int) -> None:
    """Tell the technical alerts of a bed that begin or end."""
    wanted = _technical_pictures(state, bed)
    for cause, episode in list(bed.episodes.items()):
        if episode.picture.kind != "technical" or episode.condition == "ended":
            continue
        if cause not in wanted:
            tell_episode(state, bed, alerts.ended(episode, latched=()), position, at_ms)
    for cause, (picture, onset_ms) in wanted.items():
        going = bed.episodes.get(cause)
        if going is None:
            episode = alerts.raised(
                picture,
                session=bed.session,
                bed=bed.name,
                onset_ms=bed.new_onset(cause, onset_ms),
                at_ms=at_ms,
                pending=False,
            )
            tell_episode(state, bed, episode, position, at_ms)
        elif going.picture.label != picture.label:
            episode = alerts.updated(going, picture, at_ms=at_ms, pending=False)
            tell_episode(state, bed, episode, position, at_ms)


def _technical_pictures(state: WardState, bed: Bedside) -> dict[str, tuple[alerts.Picture, int]]:
    """Return what is technically wrong at a bed: picture and onset by cause."""
    row = bed.row
    silent, missing, absent = state.troubled[row].reshape(3, N_CHANNELS)
    heard = state.received_ms[row] != NEVER
    found: dict[str, tuple[alerts.Picture, int]] = {}

    def add(cause: str, label: str, priority: Priority, onset_ms: int) -> None:
        found[cause] = (_picture(cause, label, priority), onset_ms)

    if silent.any() and not (heard & ~silent & ~absent).any():
        last_ms = int(state.received_ms[row].max())
        add("no-data", "no data: every channel is silent", "medium", last_ms)
    else:
        for channel in np.flatnonzero(silent):
            words = f"{FULL_NAMES[channel]} is silent"
            add(f"silent:{_name(int(channel))}", words, "low", int(state.received_ms[row, channel]))
    if missing.any():
        names = ", ".join(FULL_NAMES[channel] for channel in np.flatnonzero(missing))
        add("never-heard", f"never heard: {names}", "medium", int(state.opened_ms[row]))
    for channel in np.flatnonzero(absent):
        words = f"{SHORT_NAMES[channel]} probe off: the device reports no value"
        add(f"absent:{_name(int(channel))}", words, "low", int(state.absent_ms[row, channel]))
    if state.opened_ms[row] != NEVER:
        for device, since_ms in bed.offline.items():
            add(f"offline:{device}", f"device {device} is offline", "medium", since_ms)
    if bed.contradiction is not None:
        said = bed.contradiction
        add("pump-contradicts", said.words, "medium", said.since_ms)
    for device in bed.misplaced:
        words = f"device {device} belongs to another bed: its values are quarantined"
        add(f"wrong-bed:{device}", words, "medium", bed.misplaced_since[device])
    return found


def _name(channel: int) -> str:
    return SHORT_NAMES[channel].lower()


def _picture(cause: str, label: str, priority: Priority) -> alerts.Picture:
    return alerts.Picture(
        cause=cause,
        kind="technical",
        priority=priority,
        pattern="",
        grade=0,
        signs=(),
        label=label,
        because=(),
        context=Context(),
    )


def _forget_misplaced(state: WardState, bed: Bedside, now_ms: int) -> None:
    old = [device for device, at_ms in bed.misplaced.items() if now_ms - at_ms > MISPLACED_FOR_MS]
    for device in old:
        del bed.misplaced[device], bed.misplaced_since[device]
    if old:
        tell_technical(state, bed, LAST, now_ms)
