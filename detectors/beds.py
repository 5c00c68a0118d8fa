"""What is known about all beds, as structure of arrays: the one seam behind which state lives.

Every array has the bed as its first axis, so that an engine of another kind can take the same
arrays, and a snapshot is a list of them.
"""

from dataclasses import fields
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detectors.baseline import BaselineWindow
from detectors.channels import MISSING, N_CHANNELS, NEVER, Bool, Int8, Int32, Int64
from detectors.confirmation import SignTrack
from detectors.context import N_FLAGS
from detectors.expectations import DRUG_PLACES
from detectors.history import History
from detectors.memory import SignMemory
from detectors.patterns import NO_PATTERN
from detectors.steadiness import Steadiness

Array: TypeAlias = npt.NDArray[Any]
"""One array of the state, of whatever type its values have."""

PER_CHANNEL: Final = (N_CHANNELS,)
PER_BED: Final = ()
PER_FLAG: Final = (N_FLAGS,)
PER_DRUG: Final = (DRUG_PLACES,)

COLUMNS: Final = (
    ("value_centi", PER_CHANNEL, np.int32, MISSING),
    ("measured_ms", PER_CHANNEL, np.int64, NEVER),
    ("doubted", PER_CHANNEL, np.bool_, False),
    ("unsure", PER_CHANNEL, np.bool_, False),
    ("raw_centi", PER_CHANNEL, np.int32, MISSING),
    ("raw_ms", PER_CHANNEL, np.int64, NEVER),
    ("reason", PER_CHANNEL, np.int8, 0),
    ("baseline_centi", PER_CHANNEL, np.int32, MISSING),
    ("start_centi", PER_CHANNEL, np.int32, MISSING),
    ("age_centi", PER_BED, np.int32, MISSING),
    ("context", PER_FLAG, np.bool_, False),
    ("given_ms", PER_DRUG, np.int64, NEVER),
    ("opened_ms", PER_BED, np.int64, NEVER),
    ("taking_baseline", PER_BED, np.bool_, False),
    ("judging", PER_BED, np.bool_, False),
    ("rate_step_ms", PER_BED, np.int64, NEVER),
    ("rate_cut_ms", PER_BED, np.int64, NEVER),
    ("pattern", PER_BED, np.int32, NO_PATTERN),
    ("floor", PER_BED, np.int8, 0),
    ("at_ms", PER_BED, np.int64, NEVER),
)
"""Arrays with a value a bed, a channel or a flag: name, shape behind the bed, type, "not known"."""

SIGN_GRADES: Final = ("shown", "charted")
"""Arrays with one grade a sign, 0 to 4."""


class Beds:
    """State of all beds.

    Attributes
    ----------
    value_centi, measured_ms : int32 and int64 array, shape (bed, channel)
        Newest believed reading of each channel; MISSING and NEVER where there is none.
    doubted : bool array, shape (bed, channel)
        That reading is suspicious and counts only with another.
    unsure : bool array, shape (bed, channel)
        The device itself doubts that reading: no other kind of measurement confirms it, nor it one.
    raw_centi, raw_ms, reason : int32, int64 and int8 array, shape (bed, channel)
        The newest reading of each channel that a gate objects to, as it was sent, and the
        :class:`detectors.quality.Reason`. MISSING, NEVER and ABSENT while the newest reading
        is sound: then it is also the newest believed one.
    baseline_centi : int32 array, shape (bed, channel)
        MISSING where there is none.
    start_centi : int32 array, shape (bed, channel)
        The baseline with which the infusion started, or the first one after it.
    age_centi : int32 array, shape (bed,)
        Age in hundredths of a year; MISSING where it was never said.
    context : bool array, shape (bed, flag)
        What the session says of the person, a :class:`detectors.context.ContextFlag` a column.
    given_ms : int64 array, shape (bed, drug)
        When each drug of the configuration was last given; NEVER if it was not.
    opened_ms : int64 array, shape (bed,)
        When the session was opened; NEVER where none is.
    taking_baseline, judging : bool array, shape (bed,)
        Set by the session: before the infusion, and while a session is open.
    rate_step_ms : int64 array, shape (bed,)
        When the infusion rate was last raised; NEVER if it was not.
    rate_cut_ms : int64 array, shape (bed,)
        When it was last lowered, paused or stopped; NEVER if it was not.
    pattern : int32 array, shape (bed,)
        Row of the leading pattern; NO_PATTERN if none.
    floor : int8 array, shape (bed,)
        Grade to which the pictures of the bed lift it.
    at_ms : int64 array, shape (bed,)
        Newest measured time of the bed.
    shown : int8 array, shape (bed, sign)
        Highest grade whose rules hold now, confirmed or not.
    charted : int8 array, shape (bed, sign)
        Grade of the symptoms that people have charted.
    window : BaselineWindow
        The readings from which baselines are made.
    steadiness : Steadiness
        How the channels moved.
    history : History
        Recent readings, thinned.
    track : SignTrack
        Confirmation of each sign.
    memory : SignMemory
        When each sign was last there.
    """

    value_centi: Int32
    measured_ms: Int64
    doubted: Bool
    unsure: Bool
    raw_centi: Int32
    raw_ms: Int64
    reason: Int8
    baseline_centi: Int32
    start_centi: Int32
    age_centi: Int32
    context: Bool
    given_ms: Int64
    opened_ms: Int64
    taking_baseline: Bool
    judging: Bool
    rate_step_ms: Int64
    rate_cut_ms: Int64
    pattern: Int32
    floor: Int8
    at_ms: Int64
    shown: Int8
    charted: Int8

    def __init__(self, n_beds: int, n_signs: int) -> None:
        self.n_signs = n_signs
        for name, shape, dtype, unknown in COLUMNS:
            setattr(self, name, np.full((n_beds, *shape), unknown, dtype))
        for name in SIGN_GRADES:
            setattr(self, name, np.zeros((n_beds, n_signs), np.int8))
        self.window = BaselineWindow(n_beds)
        self.history = History(n_beds)
        self.steadiness = Steadiness(n_beds)
        self.track = SignTrack.fresh(n_beds, n_signs)
        self.memory = SignMemory.fresh(n_beds, n_signs)

    @property
    def n_beds(self) -> int:
        """Rows of the state."""
        return len(self.value_centi)

    def grow(self, n_beds: int) -> None:
        """Make room for more beds; existing rows are kept."""
        wider = Beds(n_beds, self.n_signs)
        rows = np.arange(self.n_beds, dtype=np.int32)
        for name in _NAMES:
            getattr(wider, name)[rows] = getattr(self, name)
            setattr(self, name, getattr(wider, name))
        wider.track.put(rows, self.track)
        self.track = wider.track
        wider.memory.put(rows, self.memory)
        self.memory = wider.memory
        for name in BaselineWindow.NAMES:
            getattr(wider.window, name)[rows] = getattr(self.window, name)
        self.window = wider.window
        self.history.grow(n_beds)
        self.steadiness.grow(n_beds)

    def clear(self, bed: int) -> None:
        """Forget everything about one bed, as when another session begins there."""
        for name, _, _, unknown in COLUMNS:
            getattr(self, name)[bed] = unknown
        for name in SIGN_GRADES:
            getattr(self, name)[bed] = 0
        self.window.clear(bed)
        self.history.clear(bed)
        self.steadiness.clear(bed)
        row = np.array([bed], np.int32)
        self.track.put(row, SignTrack.fresh(1, self.n_signs))
        self.memory.put(row, SignMemory.fresh(1, self.n_signs))

    def arrays(self) -> dict[str, Array]:
        """Return every array of the state by name, not copied.

        Returns
        -------
        dict of str to array
            The bed is the first axis of each; what a bed remembers is all in them, so that
            writing them back into beds of as many rows brings everything back.
        """
        found = {name: getattr(self, name) for name in _NAMES}
        for part in ("window", "history", "steadiness"):
            found |= {f"{part}.{name}": one for name, one in vars(getattr(self, part)).items()}
        for track in (self.track, self.memory):
            part = type(track).__name__
            found |= {f"{part}.{one.name}": getattr(track, one.name) for one in fields(track)}
        return found

    def swap(self, first: int, second: int) -> None:
        """Exchange everything about two beds."""
        here, there = np.array([first, second], np.int32), np.array([second, first], np.int32)
        for column in self.arrays().values():
            column[here] = column[there]


_NAMES: Final = (*(column[0] for column in COLUMNS), *SIGN_GRADES)
