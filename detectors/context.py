"""What a session says of the person and the drug that changes how readings are to be understood.

A flag that nobody has set is not set: a session that is silent about a beta-blocker is watched
as if there were none. No flag ever excuses a reading; they let patterns and ladders see more.
"""

from enum import IntEnum
from typing import Final


class ContextFlag(IntEnum):
    """Column of each flag in every (bed, flag) array."""

    FIRST_DOSE = 0
    """The person has never had this product before."""
    BETA_BLOCKER = 1
    """Caps the heart rate, and can keep the pressure down."""
    ACE_INHIBITOR = 2
    """Deepens a fall of pressure."""
    MONOCLONAL = 3
    """The drug is a monoclonal antibody."""
    IRON = 4
    """The drug is intravenous iron."""


FLAG_NAMES: Final = tuple(flag.name.lower().replace("_", "-") for flag in ContextFlag)
"""Names in configuration files, in column order: ``first-dose beta-blocker ...``."""

N_FLAGS: Final = len(ContextFlag)
