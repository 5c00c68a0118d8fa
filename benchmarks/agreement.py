"""Whether the plain peer has decided what the core has decided; otherwise nothing is compared."""

from collections.abc import Sequence

from benchmarks.plain import PlainBed
from detectors.channels import MISSING, NEVER
from detectors.detection import Detection


class PeerError(AssertionError):
    """The plain peer decided otherwise than the core: a figure would compare unlike things."""


def check(detection: Detection, beds: Sequence[PlainBed]) -> None:
    """Refuse to compare beds that do not agree with the core.

    Raises
    ------
    PeerError
        Naming the first difference and how many there are.
    """
    found = differences(detection, beds)
    if found:
        raise PeerError(f"{len(found)} differences, the first: {found[0]}")


def differences(detection: Detection, beds: Sequence[PlainBed]) -> list[str]:
    """Return where plain beds and the core disagree, in words; nothing if nowhere."""
    found = []
    for row, bed in enumerate(beds):
        value = [MISSING if one is None else one for one in bed.value]
        at_ms = [
            NEVER if one is None else ms for one, ms in zip(bed.value, bed.value_ms, strict=True)
        ]
        pairs = {
            "values": (value, detection.value_centi[row].tolist()),
            "times": (at_ms, detection.measured_ms[row].tolist()),
            "baseline": (
                [MISSING if one is None else one for one in bed.base],
                detection.baseline_centi[row].tolist(),
            ),
            "grades": (
                [sign.grade for sign in bed.signs],
                detection.track.grade[row].tolist(),
            ),
            "shown": ([sign.shown for sign in bed.signs], detection.shown[row].tolist()),
            "pattern": (bed.pattern, int(detection.pattern[row])),
        }
        found += [
            f"bed {row}: {name} {plain} in plain Python, {core} in the core"
            for name, (plain, core) in pairs.items()
            if plain != core
        ]
    return found
