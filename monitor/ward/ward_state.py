"""Everything a ward remembers, and the effects of the step that is being taken."""

from dataclasses import fields
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from detectors.beds import Array
from detectors.bookshelf import Bookshelf
from detectors.channels import N_CHANNELS, NEVER, Bool, Int8, Int32, Int64
from detectors.detection import Detection
from detectors.traps import ordinary_bounds
from monitor.facts.effects import AnyEffect, Outcome
from monitor.facts.records import PriorReaction
from monitor.ward.bedside import Bedside
from monitor.ward.hearings import FAR_MS, Finding, Hearing, Onset
from monitor.ward.roster import Roster
from monitor.ward.ward_settings import WardSettings

Number = TypeVar("Number", bound=np.generic)

OUTCOMES: Final[tuple[Outcome, ...]] = (
    "accepted", "duplicate", "late-stored", "quarantined", "rejected",
)  # fmt: skip

NO_BED: Final = "_"
"""Stands for the bed of a refused message whose bed is not known."""

LATER: Final = int(np.iinfo(np.int64).max)
"""The time of what no time will make due."""

LAST: Final = 2**31 - 1
"""Position of effects that belong to the step and not to a message."""


class WardState:
    """The state of one unit, by row of bed and device.

    Attributes
    ----------
    roster : Roster
        Rows of beds and devices.
    detection : Detection
        Numbers and signs of all beds.
    shelf : Bookshelf
        The side books, judged beside the active one when somebody is told.
    beds : list of Bedside
        Sessions, episodes and advice.
    received_ms : int64 array, shape (bed, channel)
        When each channel was last received; NEVER if it was not.
    stamp_ms : int64 array, shape (bed, channel)
        The newest time at which a value of each channel was measured; NEVER if there is none.
    channel_device : int32 array, shape (bed, channel)
        Row of the device that each channel came from last; -1 if it was not heard.
    charted, expected : bool array, shape (bed, channel)
        The last value was taken by hand; the channel was promised by session or device.
    absent_ms : int64 array, shape (bed, channel)
        Since when a device reports the channel as absent; NEVER if it does not.
    opened_ms : int64 array, shape (bed,)
        When the open session was opened; NEVER where none is.
    troubled : bool array, shape (bed, 5 * channel)
        Silent, never heard, absent, flat and moving channels as they were last told.
    unsteady_since_ms, unsteady_seen_ms, unsteady_stamp_ms : int64 array, shape (bed, 2 * channel)
        Since when a channel stands still, or swings to and fro, when it last did, and the newest
        of its measurements when that began; NEVER if it does not.
    look_ms : int64 array, shape (bed,)
        When time alone may next change something about the care of a bed; LATER if it cannot,
        0 for at the end of this step.
    told_grade : int8 array, shape (bed,)
        Grade of each bed as last told; negative where none was, or where it is not assessable.
    standing : set of int
        Rows of the beds that have episodes, so that only these are looked at for re-alerts.
    course_due_ms : int64 array, shape (bed,)
        When time alone will next change the course of mitigation; LATER if it will not.
    advice_waits : bool array, shape (bed,)
        Whether what is advised waits for a reading: a restart for one near the baseline, a drug for
        a pressure.
    untold : set of int
        Rows of beds that a message from elsewhere has changed, told at the end of the step.
    device_bed : int32 array, shape (device,)
        Bed with which a session has associated the device; -1 if none has.
    device_heard_ms, device_named_ms : int64 array, shape (device,)
        When data of the device last arrived (or, first of all, anything) for the bed that it
        belongs to, or for any while it belongs to none, and from when on a session waits for it;
        NEVER if not.
    device_due_ms : int64 array, shape (device,)
        After this time the device counts as silent, or as never heard.
    device_quiet : bool array, shape (device,)
        Devices that were silent or never heard when this was last told.
    hearing : dict
        What else is known of each device from how its messages arrive.
    troubles : dict
        What of that was told, by device.
    fading : set
        Devices that have a trouble which ends by itself.
    offline : dict
        Since when each device is offline.
    births : dict
        Channels that each device has said it will send.
    subjects : dict
        Reactions that people have had here, by pseudonym, the newest last.
    outcomes : dict
        How many readings came to each end; every reading comes to exactly one.
    refused : int
        Messages that could not be decoded, or were turned away.
    crowd_told_ms : int
        When it was last told that there are too many devices or beds; NEVER if not.
    """

    def __init__(self, settings: WardSettings, unit: str) -> None:
        self.settings = settings
        self.unit = unit
        self.ordinary_centi = ordinary_bounds(settings.detection.limits)
        self.roster = Roster()
        self.beds: list[Bedside] = []
        self.detection = Detection(settings.detection, 0)
        self.shelf = Bookshelf(settings.side_books, 0)
        self.received_ms: Int64 = np.empty((0, N_CHANNELS), np.int64)
        self.stamp_ms: Int64 = np.empty((0, N_CHANNELS), np.int64)
        self.channel_device: Int32 = np.empty((0, N_CHANNELS), np.int32)
        self.charted: Bool = np.empty((0, N_CHANNELS), np.bool_)
        self.expected: Bool = np.empty((0, N_CHANNELS), np.bool_)
        self.absent_ms: Int64 = np.empty((0, N_CHANNELS), np.int64)
        self.opened_ms: Int64 = np.empty(0, np.int64)
        self.look_ms: Int64 = np.empty(0, np.int64)
        self.troubled: Bool = np.empty((0, 5 * N_CHANNELS), np.bool_)
        self.unsteady_since_ms: Int64 = np.empty((0, 2 * N_CHANNELS), np.int64)
        self.unsteady_seen_ms: Int64 = np.empty((0, 2 * N_CHANNELS), np.int64)
        self.unsteady_stamp_ms: Int64 = np.empty((0, 2 * N_CHANNELS), np.int64)
        self.told_grade: Int8 = np.empty(0, np.int8)
        self.standing: set[int] = set()
        self.untold: set[int] = set()
        self.device_bed: Int32 = np.empty(0, np.int32)
        self.course_due_ms: Int64 = np.empty(0, np.int64)
        self.advice_waits: Bool = np.empty(0, np.bool_)
        self.device_heard_ms: Int64 = np.empty(0, np.int64)
        self.device_named_ms: Int64 = np.empty(0, np.int64)
        self.device_due_ms: Int64 = np.empty(0, np.int64)
        self.device_quiet: Bool = np.empty(0, np.bool_)
        self.hearing: dict[str, Hearing] = {}
        self.troubles: dict[str, dict[str, Finding]] = {}
        self.fading: set[str] = set()
        self.offline: dict[str, Onset] = {}
        self.births: dict[str, tuple[int, ...]] = {}
        self.outcomes: dict[str, int] = dict.fromkeys(OUTCOMES, 0)
        self.subjects: dict[str, tuple[PriorReaction, ...]] = {}
        self.refused = 0
        self.crowd_told_ms = NEVER
        self._told: list[tuple[int, AnyEffect]] = []

    def make_room(self) -> None:
        """Give every bed and device of the roster its rows; room doubles, so this is rare."""
        n_named = len(self.roster.beds)
        if n_named > len(self.beds):
            names = list(self.roster.beds)
            for row in range(len(self.beds), n_named):
                self.beds.append(Bedside(name=names[row], row=row))
        if n_named > self.detection.n_beds:
            n_beds = max(16, 2 * n_named)
            self.detection.grow(n_beds)
            self.shelf.grow(n_beds)
            self.received_ms = _wider(self.received_ms, n_beds, NEVER)
            self.stamp_ms = _wider(self.stamp_ms, n_beds, NEVER)
            self.absent_ms = _wider(self.absent_ms, n_beds, NEVER)
            self.opened_ms = _wider(self.opened_ms, n_beds, NEVER)
            self.look_ms = _wider(self.look_ms, n_beds, LATER)
            self.channel_device = _wider(self.channel_device, n_beds, -1)
            self.charted = _wider(self.charted, n_beds, 0)
            self.expected = _wider(self.expected, n_beds, 0)
            self.troubled = _wider(self.troubled, n_beds, 0)
            self.unsteady_since_ms = _wider(self.unsteady_since_ms, n_beds, NEVER)
            self.unsteady_seen_ms = _wider(self.unsteady_seen_ms, n_beds, NEVER)
            self.unsteady_stamp_ms = _wider(self.unsteady_stamp_ms, n_beds, NEVER)
            self.told_grade = _wider(self.told_grade, n_beds, -1)
            self.course_due_ms = _wider(self.course_due_ms, n_beds, LATER)
            self.advice_waits = _wider(self.advice_waits, n_beds, 0)
        if len(self.roster.devices) > len(self.device_bed):
            n_devices = max(32, 2 * len(self.roster.devices))
            self.device_bed = _wider(self.device_bed, n_devices, -1)
            self.device_heard_ms = _wider(self.device_heard_ms, n_devices, NEVER)
            self.device_named_ms = _wider(self.device_named_ms, n_devices, NEVER)
            self.device_due_ms = _wider(self.device_due_ms, n_devices, FAR_MS)
            self.device_quiet = _wider(self.device_quiet, n_devices, 0)

    def arrays(self) -> dict[str, Array]:
        """Return every array of the state by name, not copied.

        Returns
        -------
        dict of str to array
            The first axis is the device where the name begins with ``device_``, else the bed.
        """
        found = {name: one for name, one in vars(self).items() if isinstance(one, np.ndarray)}
        found |= {f"detection.{name}": one for name, one in self.detection.arrays().items()}
        track = self.shelf.track
        return found | {f"shelf.{one.name}": getattr(track, one.name) for one in fields(track)}

    def swap(self, first: int, second: int) -> None:
        """Exchange everything that is known by row of two beds; their names stay."""
        for name, array in vars(self).items():
            if isinstance(array, np.ndarray) and not name.startswith("device_"):
                array[[first, second]] = array[[second, first]]
        self.detection.swap(first, second)
        self.shelf.swap(first, second)

    def devices_of(self, bed_row: int) -> list[tuple[str, int]]:
        """Return name and row of every device of a bed, in order of their rows."""
        names = list(self.roster.devices)
        return [(names[row], row) for row in np.flatnonzero(self.device_bed == bed_row).tolist()]

    def tell(self, position: int, effect: AnyEffect) -> None:
        """Add an effect of the message at a position, or of the step (:data:`LAST`)."""
        self._told.append((position, effect))

    def begin_step(self) -> None:
        """Forget the effects of the step before."""
        self._told = []

    def effects(self) -> tuple[AnyEffect, ...]:
        """Return the effects of this step in order of the messages that caused them.

        Those of the step itself follow by name of their bed, whichever row it has.
        """
        return tuple(effect for _, effect in sorted(self._told, key=_order))


def _order(told: tuple[int, AnyEffect]) -> tuple[int, str]:
    position, effect = told
    return position, effect.bed if position == LAST else ""


def _wider(array: npt.NDArray[Number], n_rows: int, fill: int) -> npt.NDArray[Number]:
    """Return the array with more rows, the new ones filled."""
    wider = np.full((n_rows, *array.shape[1:]), fill, array.dtype)
    wider[: len(array)] = array
    return wider
