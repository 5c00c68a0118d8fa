"""How often chance is asked: in full, or a share of it where every line is watched.

Watching lines makes the slow twins several times slower and adds nothing to what they find, so the
coverage of the detectors is measured in a run of its own with fewer examples.
"""

import os

SHARE = int(os.environ.get("IRM_EXAMPLES_SHARE", "1"))


def examples(wanted: int) -> int:
    """Return how many examples a test draws in this run, at least five."""
    return max(5, wanted // SHARE)
