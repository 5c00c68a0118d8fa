"""Flapping: a cause that comes and goes is shown as one alert, not as many.

A cause that began a stated number of times within a window flaps. Its episode is then not ended
when it clears but held, and a return belongs to it; it ends when readings have shown it clear for
a stated time. So people are called once, and nothing is resolved by silence.
"""

from dataclasses import dataclass

from detectors.channels import NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class FlapLimits:
    """How many beginnings within which time are flapping, and how long clear ends it."""

    count: int
    window_ms: int
    clear_ms: int


def starts_within(limits: FlapLimits, starts: tuple[int, ...], begun_ms: int) -> tuple[int, ...]:
    """Return the beginnings of a cause that still count, with the newest."""
    return (*(one for one in starts if begun_ms - one < limits.window_ms), begun_ms)


def flap_count(limits: FlapLimits, starts: tuple[int, ...]) -> int:
    """Return how often a cause came where that is flapping, else 0."""
    return len(starts) if len(starts) >= limits.count else 0


def stayed_clear(limits: FlapLimits, held_ms: int, read_ms: tuple[int, ...]) -> bool:
    """Whether a held alert may end.

    Parameters
    ----------
    limits : FlapLimits
    held_ms : int
        When it was last seen to clear.
    read_ms : tuple of int
        When each sign that it showed was last read; NEVER where it was not.

    Returns
    -------
    bool
        True only when every one of them was read after the clear time: silence ends nothing.
    """
    return all(one != NEVER and one - held_ms >= limits.clear_ms for one in read_ms)
