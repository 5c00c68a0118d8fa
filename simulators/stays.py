"""How long people stay after an infusion, and who leaves before a late reaction begins.

Everybody is watched for an hour with everything connected. Who was given epinephrine stays six
hours after its last dose, who had a reaction that may go on or come back stays as long as that
reaction belongs to an infusion (the windows of ``config/watches.toml``, which name their
sources): then the monitor is taken off and a nurse comes by every quarter of an hour. Some leave
after the hour all the same, and some are inpatients who are there anyway. The shares are ours.
"""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import numpy as np

from simulators.reactions import Given

WATCH_S: Final = 3600
"""After the end of an infusion everybody is watched for an hour."""

ROUND_EVERY_S: Final = 900
"""How often a set is taken by hand once the monitor is off (ours)."""

HOUR_S: Final = 3600
STAYS_H: Final = {
    "anaphylaxis": 4,
    "mild-allergic": 4,
    "febrile": 4,
    "cytokine-release": 4,
    "lung-injury": 6,
    "fluid-overload": 12,
}
"""By pattern, after the end of the flow, where the reaction was seen; others stay the hour."""

EPINEPHRINE_H: Final = 6
INPATIENT_H: Final = 12
INPATIENT_SHARE: Final = 0.1
LEAVES_SHARE: Final = 0.3
"""Of those who should stay for longer than the hour, how many do not."""


Habit: TypeAlias = Literal["stays", "leaves", "inpatient"]


def stay_habit(rng: np.random.Generator) -> Habit:
    """Draw whether somebody stays as long as they should, leaves after the hour, or is in bed."""
    is_inpatient, leaves = rng.random() < INPATIENT_SHARE, rng.random() < LEAVES_SHARE
    if is_inpatient:
        return "inpatient"
    return "leaves" if leaves else "stays"


def watch_s(habit: Habit, *, ended_s: int, pattern: str = "", given: Sequence[Given] = ()) -> int:
    """Return for how long somebody is watched after the end of the infusion [s].

    Parameters
    ----------
    habit : Habit
        As from :func:`stay_habit`.
    ended_s : int
        When the infusion was stopped or complete [s of the session].
    pattern : str
        The reaction that was seen; empty where none was.
    given : sequence of Given
        What was given.
    """
    if habit == "inpatient":
        return INPATIENT_H * HOUR_S
    if habit == "leaves":
        return WATCH_S
    doses_s = [one.at_s for one in given if one.remedy == "epinephrine"]
    after_dose_s = max(doses_s) + EPINEPHRINE_H * HOUR_S - ended_s if doses_s else 0
    return max(WATCH_S, STAYS_H.get(pattern, 1) * HOUR_S, after_dose_s)
