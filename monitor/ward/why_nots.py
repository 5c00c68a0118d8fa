"""Why nothing fires, kept for every bed and made anew only where its inputs have changed.

The lines of one bed take a thousand times as long as its judgement, so a screen must not have
them made each second for a whole hospital. What they rest on is compared for all beds at once;
where it changed they are made again, the oldest first and so many at a look, and every set of
lines says of when it is.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np

from detectors.active_book import valid_values
from detectors.baseline import baseline_doubt
from detectors.channels import N_CHANNELS, NEVER, Int32, Int64
from detectors.nearness import nearness
from monitor.care.cards import why_not
from monitor.facts.views import WhyNotView
from monitor.ward.bedside import Bedside
from monitor.ward.ward_state import WardState

NEW_A_LOOK_MAX: Final = 48
"""So many beds at a look: fresh each second in a unit, in turn in a hospital."""

NEW_A_SLICE_MAX: Final = 12
"""So many where a look is at some beds only: several of them are made a second."""

N_INPUTS: Final = 5 * N_CHANNELS + 1

NOTHING_READ: Final = "nothing fires: nothing was read yet"


class WhyNots:
    """The lines of every bed as they were last made, and what they rest on.

    Attributes
    ----------
    new_a_look_max : int
        For how many beds lines are made at one look.
    made_ms : int64 array, shape (bed,)
        When the lines of a bed were made; NEVER if they were not.
    """

    def __init__(self, new_a_look_max: int = NEW_A_LOOK_MAX) -> None:
        self.new_a_look_max = new_a_look_max
        self.made_ms: Int64 = np.empty(0, np.int64)
        self._inputs: Int32 = np.empty((0, N_INPUTS), np.int32)
        self._views: dict[int, WhyNotView] = {}

    def views(
        self,
        state: WardState,
        beds: Sequence[Bedside],
        now_ms: int,
        *,
        among: Collection[int] | None = None,
    ) -> Mapping[int, WhyNotView]:
        """Return the lines by row; a bed whose turn has not come has older ones, or none.

        These beds have lines, and among the rows that are looked at (all, if not given) no other.
        """
        self._make_room(len(state.detection.at_ms))
        rows = np.array([bed.row for bed in beds], np.int32)
        asked = set(rows.tolist())
        looked_at = self._views.keys() if among is None else self._views.keys() & set(among)
        most = self.new_a_look_max if among is None else min(self.new_a_look_max, NEW_A_SLICE_MAX)
        for row in looked_at - asked:
            del self._views[row]
            self.made_ms[row] = NEVER
        inputs = _inputs(state, rows)
        never = self.made_ms[rows] == NEVER
        changed = np.flatnonzero(never | (inputs != self._inputs[rows]).any(axis=1))
        oldest = changed[np.argsort(self.made_ms[rows[changed]], kind="stable")]
        for index in oldest[:most].tolist():
            row = int(rows[index])
            self._inputs[row] = inputs[index]
            self.made_ms[row] = now_ms
            self._views[row] = WhyNotView(at_ms=now_ms, lines=lines_of(state, row))
        return self._views

    def _make_room(self, n_beds: int) -> None:
        more = n_beds - len(self.made_ms)
        if more > 0:
            self.made_ms = np.concatenate([self.made_ms, np.full(more, NEVER, np.int64)])
            wider = np.zeros((more, N_INPUTS), np.int32)
            self._inputs = np.concatenate([self._inputs, wider])


def lines_of(state: WardState, row: int) -> tuple[str, ...]:
    """Return why nothing fires at one bed, in lines for people."""
    if state.detection.at_ms[row] == NEVER:
        return (NOTHING_READ,)
    return why_not(nearness(state.detection, row))


def _inputs(state: WardState, rows: Int32) -> Int32:
    """Return everything that the lines rest on, shape (row, input)."""
    detection = state.detection
    params = detection.params
    return np.concatenate(
        [
            valid_values(params, detection, rows),
            detection.value_centi[rows],
            detection.baseline_centi[rows],
            baseline_doubt(params.baseline, detection.window.count[rows]),
            detection.active.explained(detection, rows),
            detection.age_centi[rows][:, None],
        ],
        axis=1,
    )
