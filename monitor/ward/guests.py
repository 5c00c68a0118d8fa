"""Where it is told what is wrong with a device that no session names.

A cuff that was brought to a bed, a cart that goes from one to the next: such a device belongs to no
bed, so nobody misses it when it leaves. What its messages show to be wrong is told at one bed, with
an open session, for which such a message came: the first of them. It stays there although the
device goes on, so that a round through the ward raises one alert and not one at every bed, and ends
as it does for any device. It moves only when that session closes or the device is taken away by
name, or when the device has come to stand somewhere else (:data:`Hearing.stands_at`).
"""

from collections.abc import Mapping

from detectors.channels import NEVER
from monitor.ward.bedside import Bedside
from monitor.ward.hearings import Finding
from monitor.ward.ward_state import WardState


def seat_guest(
    state: WardState, bed: Bedside, device: str, troubles: Mapping[str, Finding]
) -> bool:
    """Keep what of the troubles of a device that belongs to no bed is told at this one.

    Returns
    -------
    bool
        Whether there is such a trouble, or there was one.
    """
    here = {key: one for key, one in troubles.items() if _row_told(state, device, one) == bed.row}
    others = {name: found for name, found in bed.guests.items() if name != device}
    is_told = bool(here) or len(others) < len(bed.guests)
    bed.guests = dict(sorted((others | ({device: here} if here else {})).items()))
    return is_told


def seat_guests(state: WardState) -> set[int]:
    """Seat the devices that belong to no bed anew; return the rows of beds where that changed."""
    wanted: dict[int, dict[str, dict[str, Finding]]] = {}
    for device, found in sorted(state.troubles.items()):
        if not found or state.device_bed[state.roster.devices[device]] != -1:
            continue
        for key, one in found.items():
            row = _row_told(state, device, one)
            if row != -1:
                wanted.setdefault(row, {}).setdefault(device, {})[key] = one
    rows = {bed.row for bed in state.beds if bed.guests != wanted.get(bed.row, {})}
    for row in rows:
        state.beds[row].guests = wanted.get(row, {})
    return rows


def _row_told(state: WardState, device: str, trouble: Finding) -> int:
    """Return the row of the bed at which a trouble is told, -1 if at none.

    A message that came before the session did, or before somebody took the device away, says
    nothing of where it is now.
    """
    released_ms = int(state.device_released_ms[state.roster.devices[device]])
    for name, shown_ms in trouble.beds.items():
        row = state.roster.beds.get(name, -1)
        if row == -1 or row >= len(state.beds) or shown_ms <= released_ms:
            continue
        opened_ms = int(state.opened_ms[row])
        if opened_ms != NEVER and shown_ms > max(opened_ms, state.beds[row].came_ms):
            return row
    return -1
