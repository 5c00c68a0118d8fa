"""Technical alerts: data that are missing, devices that are gone, values in the wrong place.

The silent, the never heard and the absent channels of all beds are found in one vectorized
pass a step, behind a quick look that leaves out most beds; only beds where that changed are looked
at one by one. A technical alert says what
is missing and holds every physiological alert as it was: silence resolves nothing.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from detectors.channels import N_CHANNELS, NEVER, Bool, Int64
from detectors.quiet import rows_with
from monitor.care import alerts, troubles
from monitor.care.doubts import SENSORS
from monitor.care.reasons import FULL_NAMES, SHORT_NAMES
from monitor.care.silence import missing_channels, silent_channels
from monitor.care.unsteadiness import lasting
from monitor.facts.effects import Context
from monitor.ward.advising import tell_course_due
from monitor.ward.alerting import tell_episode
from monitor.ward.bedside import Bedside
from monitor.ward.guests import forget_guests
from monitor.ward.hearings import FAR_MS, Onset
from monitor.ward.rounds import Rows
from monitor.ward.telling import tell_grade
from monitor.ward.timed import tell_timed
from monitor.ward.ward_state import LAST, WardState

CHANNELS_SILENT: Final = slice(0, N_CHANNELS)
CHANNELS_NEVER: Final = slice(N_CHANNELS, 2 * N_CHANNELS)
CHANNELS_ABSENT: Final = slice(2 * N_CHANNELS, 3 * N_CHANNELS)
CHANNELS_FLAT: Final = slice(3 * N_CHANNELS, 4 * N_CHANNELS)
CHANNELS_MOVING: Final = slice(4 * N_CHANNELS, 5 * N_CHANNELS)
"""Where each kind stands in a row of :attr:`WardState.troubled`."""

UNSTEADY: Final = CHANNELS_FLAT.start
"""Where the two begin of which it is kept since when they last."""


def tell_due(state: WardState, now_ms: int) -> None:
    """Tell everything that time alone has made due."""
    tell_course_due(state, now_ms)
    troubled = _troubled(state, now_ms)
    before = state.troubled[: len(troubled)]
    graded = set(np.flatnonzero(rows_with(troubled != before)).tolist())
    before[:] = troubled
    changed = _quiet_beds(state, now_ms) | _faded_beds(state, now_ms) | state.untold | graded
    state.untold = set()
    for row in sorted(row for row in changed if row < len(state.beds)):
        tell_technical(state, state.beds[row], LAST, now_ms)
        if row in graded:
            tell_grade(state, state.beds[row], LAST, now_ms)
    for bed in [state.beds[row] for row in sorted(state.standing)]:
        tell_timed(state, bed, now_ms)
        if bed.misplaced or bed.strangers or bed.guests:
            _forget_misplaced(state, bed, now_ms)
        if not (bed.episodes or bed.misplaced or bed.strangers or bed.guests or bed.snoozes):
            state.standing.discard(bed.row)


def _quiet_beds(state: WardState, now_ms: int) -> set[int]:
    """Return the rows of the beds of which a device has become silent, or is heard again."""
    quiet = state.device_due_ms < now_ms
    changed = np.flatnonzero(quiet != state.device_quiet)
    state.device_quiet = quiet
    return set(state.device_bed[changed].tolist()) - {-1}


def _faded_beds(state: WardState, now_ms: int) -> set[int]:
    """Return the rows of the beds of which a device has left a trouble behind."""
    rows: set[int] = set()
    for device in sorted(state.fading):
        kept = {k: one for k, one in state.troubles[device].items() if one.until_ms > now_ms}
        if kept != state.troubles[device]:
            state.troubles[device] = state.hearing[device].troubles = kept
            rows.add(int(state.device_bed[state.roster.devices[device]]))
        if all(one.until_ms == FAR_MS for one in kept.values()):
            state.fading.discard(device)
    return rows - {-1}


def _troubled(state: WardState, now_ms: int) -> Bool:
    """Troubles of the channels of watched beds, as in :attr:`WardState.troubled`."""
    n_beds = len(state.beds)
    watched = state.opened_ms[:n_beds] != NEVER
    troubled: Bool = np.zeros((n_beds, 5 * N_CHANNELS), np.bool_)
    rows = np.flatnonzero(_suspects(state, now_ms) & watched)
    if rows.size:
        troubled[rows, :UNSTEADY] = _unheard(state, now_ms, rows)
    _find_unsteady(state, now_ms, watched, troubled)
    return troubled


def _suspects(state: WardState, now_ms: int) -> Bool:
    """Beds of which a channel may be silent, never heard or absent; no other has one, (bed,)."""
    n_beds, params = len(state.beds), state.settings.silence
    received_ms = state.received_ms[:n_beds]
    never = received_ms == NEVER
    # As long as the shortest of the limits of any channel; NEVER lies before every time.
    marks = received_ms < now_ms - np.minimum(params.stale_ms, params.charted_stale_ms)
    marks &= ~never
    marks |= never & state.expected[:n_beds]
    marks |= state.absent_ms[:n_beds] != NEVER
    return rows_with(marks)


def _unheard(state: WardState, now_ms: int, rows: Rows) -> Bool:
    """Silent, never heard and absent channels of some watched beds, shape (row, 3 * channel)."""
    params, received_ms = state.settings.silence, state.received_ms[rows]
    silent = silent_channels(params, now_ms, received_ms, state.charted[rows])
    missing = missing_channels(
        now_ms,
        state.opened_ms[rows],
        received_ms,
        state.expected[rows],
        state.settings.alerts.never_heard_after_ms,
    )
    absent_ms = state.absent_ms[rows]
    reported = absent_ms != NEVER
    gone_ms = now_ms - np.where(reported, absent_ms, now_ms)
    absent = reported & (gone_ms >= params.absent_after_ms)
    return np.concatenate([silent & ~reported, missing & ~reported, absent], axis=1)


def _find_unsteady(state: WardState, now_ms: int, watched: Bool, troubled: Bool) -> None:
    """Mark the channels that have stood still or swung to and fro for long, and keep since when.

    Only beds where that is found, or was found before, are looked at.
    """
    life, n_beds = state.settings.alerts, len(watched)
    since_ms, seen_ms = state.unsteady_since_ms[:n_beds], state.unsteady_seen_ms[:n_beds]
    stamp_ms = state.unsteady_stamp_ms[:n_beds]
    still, moving = state.detection.unsteady(n_beds)
    some = rows_with(still | moving) & watched
    some |= rows_with(since_ms != NEVER)
    rows = np.flatnonzero(some)
    if not rows.size:
        return
    left = rows[~watched[rows]]
    since_ms[left] = seen_ms[left] = stamp_ms[left] = NEVER
    found = np.concatenate([still[rows], moving[rows]], axis=1) & watched[rows, None]
    now = lasting(
        found,
        since_ms[rows],
        seen_ms[rows],
        now_ms,
        after_ms=life.unsteady_after_ms,
        clear_ms=life.unsteady_clear_ms,
    )
    begins = (since_ms[rows] == NEVER) & (now.since_ms != NEVER)
    stamp_ms[rows] = np.where(begins, np.tile(state.stamp_ms[rows], 2), stamp_ms[rows])
    since_ms[rows], seen_ms[rows] = now.since_ms, now.seen_ms
    troubled[rows, UNSTEADY:] = now.told


def tell_technical(state: WardState, bed: Bedside, position: int, at_ms: int) -> None:
    """Tell the technical alerts of a bed that begin or end."""
    wanted = _technical_pictures(state, bed)
    for cause, episode in list(bed.episodes.items()):
        if episode.picture.kind != "technical" or episode.condition == "ended":
            continue
        if cause not in wanted:
            tell_episode(state, bed, alerts.ended(episode, latched=()), position, at_ms)
    for cause, (picture, onset) in wanted.items():
        going = bed.episodes.get(cause)
        if going is None:
            episode = alerts.raised(
                picture,
                session=bed.session,
                bed=bed.name,
                onset_ms=onset.at_ms,
                at_ms=at_ms,
                pending=False,
                mark_ms=bed.new_mark(cause, onset.stamp_ms),
            )
            tell_episode(state, bed, episode, position, at_ms)
        elif going.picture.label != picture.label:
            episode = alerts.updated(going, picture, at_ms=at_ms, pending=False)
            tell_episode(state, bed, episode, position, at_ms)


def _technical_pictures(state: WardState, bed: Bedside) -> dict[str, tuple[alerts.Picture, Onset]]:
    """Return what is technically wrong at a bed: picture and onset by cause."""
    found: dict[str, tuple[alerts.Picture, Onset]] = {}

    def add(key: str, onset: Onset, *, name: str = "", what: str = "", more: str = "") -> None:
        words = troubles.label(key, what=what or name, more=more)
        found[troubles.cause(key, name)] = _picture(troubles.cause(key, name), key, words), onset

    _add_channels(state, bed, add)
    if state.opened_ms[bed.row] != NEVER:
        _add_devices(state, bed, add, has_data="no-data" not in found)
    if bed.contradiction is not None:
        since_ms = bed.contradiction.since_ms
        add("pump-contradicts", Onset(since_ms, since_ms), more=bed.contradiction.words)
    for device in bed.misplaced:
        add("wrong-bed", bed.misplaced_since[device], name=device)
    for device, one in bed.strangers.items():
        add("wrong-person", one.since, name=device, more=one.words)
    return found


def _add_devices(
    state: WardState, bed: Bedside, add: Callable[..., None], *, has_data: bool
) -> None:
    """Add what is wrong with the devices of a session, and what it names and nobody heard.

    Of a device that no session names nothing is missed; what was refused of it here is told.
    """
    row = bed.row
    for device, found in sorted(bed.guests.items()):
        for key, one in found.items():
            add(key, one.onset, name=device, more=one.more)
    never = [FULL_NAMES[channel] for channel in np.flatnonzero(state.troubled[row, CHANNELS_NEVER])]
    for device, number in sorted(state.devices_of(row)):
        for key, one in state.troubles.get(device, {}).items():
            add(key, one.onset, name=device, more=one.more)
        heard_ms = int(state.device_heard_ms[number])
        if not state.device_quiet[number] or device in bed.offline:
            continue
        if heard_ms == NEVER:
            never.append(f"device {device}")
        elif has_data or not _gives_vitals(state, device):
            since = Onset(heard_ms, state.hearing[device].stamp_ms)
            add("device-silent", since, name=device)
    if never:
        since = Onset(int(state.opened_ms[row]), int(state.detection.opened_ms[row]))
        add("never-heard", since, more=", ".join(never))
    for device, since in bed.offline.items():
        add("offline", since, name=device)


def _add_channels(state: WardState, bed: Bedside, add: Callable[..., None]) -> None:
    """Add what is wrong with single channels, unless the whole of their device is the trouble."""
    row = bed.row
    silent, absent = state.troubled[row, CHANNELS_SILENT], state.troubled[row, CHANNELS_ABSENT]
    heard = state.received_ms[row] != NEVER
    if silent.any() and not (heard & ~silent & ~absent).any():
        add("no-data", Onset(int(state.received_ms[row].max()), int(state.stamp_ms[row].max())))
    else:
        for channel in np.flatnonzero(silent):
            source = int(state.channel_device[row, channel])
            if source == -1 or not (state.device_quiet[source] or _is_offline(state, bed, source)):
                since = _since(state, bed, state.received_ms, int(channel))
                add("silent", since, name=_name(int(channel)), what=FULL_NAMES[channel])
    for channel in np.flatnonzero(absent):
        since = _since(state, bed, state.absent_ms, int(channel))
        add("absent", since, name=_name(int(channel)), what=SHORT_NAMES[channel])
    for key, place in (("flat", CHANNELS_FLAT), ("moving", CHANNELS_MOVING)):
        here = slice(place.start - UNSTEADY, place.stop - UNSTEADY)
        since_ms = state.unsteady_since_ms[row, here]
        stamp_ms = state.unsteady_stamp_ms[row, here]
        for channel in np.flatnonzero(state.troubled[row, place]):
            what, sensor = FULL_NAMES[channel], SENSORS[channel]
            since = Onset(int(since_ms[channel]), int(stamp_ms[channel]))
            add(key, since, name=_name(int(channel)), what=what, more=sensor)


def _since(state: WardState, bed: Bedside, at_ms: Int64, channel: int) -> Onset:
    """Return since when a channel is as it is, named after its last value before."""
    return Onset(int(at_ms[bed.row, channel]), int(state.stamp_ms[bed.row, channel]))


def _is_offline(state: WardState, bed: Bedside, source: int) -> bool:
    return list(state.roster.devices)[source] in bed.offline


def _gives_vitals(state: WardState, device: str) -> bool:
    """Tell whether a device has sent vitals, so that its silence shows in channels as well."""
    return 0 < state.hearing[device].slowest_ms < FAR_MS


def _name(channel: int) -> str:
    return SHORT_NAMES[channel].lower()


def _picture(cause: str, key: str, label: str) -> alerts.Picture:
    return alerts.Picture(
        cause=cause,
        kind="technical",
        priority=troubles.TROUBLES[key].priority,
        pattern="",
        grade=0,
        signs=(),
        label=label,
        because=(),
        context=Context(),
    )


def _forget_misplaced(state: WardState, bed: Bedside, now_ms: int) -> None:
    last_ms = now_ms - state.settings.hearing.trouble_forgotten_ms
    old = [device for device, at_ms in bed.misplaced.items() if at_ms < last_ms]
    for device in old:
        del bed.misplaced[device], bed.misplaced_since[device]
    gone = [device for device, one in bed.strangers.items() if one.last_ms < last_ms]
    for device in gone:
        del bed.strangers[device]
    if forget_guests(bed, now_ms) or old or gone:
        tell_technical(state, bed, LAST, now_ms)
