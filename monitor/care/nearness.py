"""Whether vital signs are back near their baseline, which a restart waits for.

That no sign holds does not say it: every limit is wide, so that somebody may be clear of all of
them and still be far from where they began. Each row compares one channel with its own baseline,
in whole numbers and on both sides. A channel that nobody measured since, or that has no baseline,
is unknown, and unknown is not near.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from detectors.channels import CENTI, DISPLAY_UNITS, MISSING, NEVER, Channel
from detectors.truth import Truth

WHOLE_PERCENT: Final = 100
WHOLE: Final = WHOLE_PERCENT * CENTI
"""Hundredths of a percent in one whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRow:
    """How far one channel may be from its baseline where a drug is to flow again.

    ``within_centi_percent`` is in hundredths of a percent of the baseline, the limit included.
    """

    channel: Channel
    within_centi_percent: int
    source: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a part of a baseline that is none."""
        if not 0 < self.within_centi_percent <= WHOLE:
            raise ValueError("within_percent must be above 0 and at most 100")


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """What is known of one channel: newest value and baseline [hundredths], and when measured.

    ``value_centi`` and ``baseline_centi`` are MISSING, and ``measured_ms`` NEVER, where not known.
    """

    value_centi: int
    baseline_centi: int
    measured_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """Whether every row holds, why not in words, and which measurements would decide.

    ``until_ms`` is when the first of the values that were used is too old; None if none was.
    """

    truth: Truth
    words: str
    to_measure: tuple[Channel, ...] = ()
    until_ms: int | None = None


def nearness(
    rows: Iterable[NearRow],
    newest: Iterable[Newest],
    *,
    valid_ms: Iterable[int],
    since_ms: int,
    now_ms: int,
) -> Nearness:
    """Return whether the channels of all rows are near their baselines.

    Parameters
    ----------
    rows, newest, valid_ms
        One row, what is known of its channel, and how old a value of it may be (ms).
    since_ms, now_ms
        A value counts if it was measured since, and if it is not too old now.

    Returns
    -------
    Nearness
        FALSE if any row is known not to hold, else UNKNOWN if any is unknown, else TRUE. The
        words name the channel and its baseline but not its value, so that they change only when
        the answer does.
    """
    far: list[str] = []
    unknown: list[str] = []
    to_measure: list[Channel] = []
    until_ms: list[int] = []
    for row, known, valid in zip(rows, newest, valid_ms, strict=True):
        name = row.channel.name
        is_new = known.value_centi != MISSING and known.measured_ms != NEVER
        is_new = is_new and known.measured_ms >= since_ms and now_ms - known.measured_ms <= valid
        if known.baseline_centi == MISSING or known.baseline_centi <= 0:
            unknown.append(f"{name} has no baseline")
        elif not is_new:
            unknown.append(f"{name} was not measured since the signs ended, or too long ago")
            to_measure.append(row.channel)
        elif not _is_near(row, known):
            unit = DISPLAY_UNITS[row.channel]
            base = f"{known.baseline_centi / WHOLE_PERCENT:g} {unit}"
            percent = f"{row.within_centi_percent / WHOLE_PERCENT:g}"
            far.append(f"{name} is more than {percent} % from its baseline of {base}")
        if is_new:
            until_ms.append(known.measured_ms + valid)
    truth = Truth.FALSE if far else Truth.UNKNOWN if unknown else Truth.TRUE
    return Nearness(
        truth=truth,
        words="; ".join([*far, *unknown]),
        to_measure=tuple(to_measure),
        until_ms=min(until_ms, default=None),
    )


def _is_near(row: NearRow, known: Newest) -> bool:
    apart = abs(known.value_centi - known.baseline_centi)
    return apart * WHOLE <= row.within_centi_percent * known.baseline_centi
