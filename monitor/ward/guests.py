"""Devices that no session names and that send to a bed in another unit.

A cuff that was brought to a bed belongs to none, so nobody misses it when it leaves. But what it
has sent for somebody was refused as no value of a person, and nothing was measured: that is told
at every bed where it happens, and there alone. It ends when nothing of the device looked so at that
bed for as long as any trouble of a device lasts, or when the session closes.
"""

from detectors.channels import NEVER
from monitor.ward.bedside import Bedside
from monitor.ward.hearings import Finding, Onset
from monitor.ward.listening import DeviceFound
from monitor.ward.ward_state import WardState


def note_guest(state: WardState, bed: Bedside, found: DeviceFound) -> bool:
    """Keep which values of a device that belongs to no bed look like another unit at this one.

    Returns
    -------
    bool
        Whether a message for a bed with an open session has shown it.
    """
    if not found.units or state.opened_ms[bed.row] == NEVER:
        return False
    until_ms = found.received_ms + state.settings.hearing.trouble_forgotten_ms
    known = bed.guests.get(found.device, {})
    shown = {}
    for key, words in found.units.items():
        going = known.get(key)
        before = set() if going is None else set(going.more.split(", "))
        shown[key] = Finding(
            onset=Onset(found.received_ms, found.stamp_ms) if going is None else going.onset,
            more=", ".join(sorted(before | set(words))),
            until_ms=until_ms,
        )
    bed.guests = {**bed.guests, found.device: {**known, **shown}}
    return True


def forget_guests(bed: Bedside, now_ms: int) -> bool:
    """Forget what no message has shown for long; tell whether there was any."""
    kept = {}
    for device, found in bed.guests.items():
        going = {key: one for key, one in found.items() if one.until_ms > now_ms}
        if going:
            kept[device] = going
    is_changed = kept != bed.guests
    bed.guests = kept
    return is_changed
