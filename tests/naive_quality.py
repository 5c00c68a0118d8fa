"""Slow, obvious twins of the gates that say whether a reading may be believed."""

from collections.abc import Sequence

from naive import Values, known

from detectors.channels import Channel, Flag
from detectors.quality import ChannelLimits, PulsePressureRow, Verdict


def level_verdict(limits: ChannelLimits, channel: int, value: int) -> Verdict:
    if known(value) is None:
        return Verdict.ABSENT
    if value < limits.impossible_below[channel] or value > limits.impossible_above[channel]:
        return Verdict.IMPOSSIBLE
    if value < limits.suspicious_below[channel] or value > limits.suspicious_above[channel]:
        return Verdict.SUSPICIOUS
    return Verdict.TRUSTED


def plausibility(limits: ChannelLimits, value_centi: Sequence[Values]) -> list[list[int]]:
    return [
        [int(level_verdict(limits, channel, value)) for channel, value in enumerate(bed)]
        for bed in value_centi
    ]


def contradicted(bed: Values) -> bool:
    sbp, dbp, mean = (known(bed[c]) for c in (Channel.SBP, Channel.DBP, Channel.MAP))
    if sbp is None or dbp is None:
        return False
    if sbp <= dbp:
        return True
    return mean is not None and not dbp <= mean <= sbp


def contradicted_pressures(value_centi: Sequence[Values]) -> list[bool]:
    return [contradicted(bed) for bed in value_centi]


def narrow(rows: Sequence[PulsePressureRow], bed: Values) -> bool:
    sbp, dbp = known(bed[Channel.SBP]), known(bed[Channel.DBP])
    if sbp is None or dbp is None:
        return False
    for row in rows:
        if row.sbp_from_centi <= sbp < row.sbp_below_centi and sbp - dbp < row.least_centi:
            return True
    return False


def mean_sent_twice(bed: Values) -> bool:
    sbp, mean = known(bed[Channel.SBP]), known(bed[Channel.MAP])
    return sbp is not None and sbp == mean


def mean_as_systolic(value_centi: Sequence[Values]) -> list[bool]:
    return [mean_sent_twice(bed) for bed in value_centi]


def narrow_pulse_pressure(
    rows: Sequence[PulsePressureRow], value_centi: Sequence[Values]
) -> list[bool]:
    return [narrow(rows, bed) for bed in value_centi]


def has_jumped(
    limits: ChannelLimits, channel: int, value: int, at_ms: int, before: int, before_ms: int
) -> bool:
    if known(value) is None or known(before) is None:
        return False
    soon = at_ms - before_ms < limits.change_ms[channel]
    return bool(soon and abs(value - before) > limits.change_centi[channel])


def jumped(
    limits: ChannelLimits,
    value_centi: Sequence[Values],
    measured_ms: Sequence[Values],
    before_centi: Sequence[Values],
    before_ms: Sequence[Values],
) -> list[list[bool]]:
    return [
        [has_jumped(limits, channel, *four) for channel, four in enumerate(zip(*bed, strict=True))]
        for bed in zip(value_centi, measured_ms, before_centi, before_ms, strict=True)
    ]


def verdicts_of(
    limits: ChannelLimits,
    rows: Sequence[PulsePressureRow],
    value: Values,
    at_ms: Values,
    flags: Values,
    before: Values,
    before_ms: Values,
) -> list[int]:
    """Verdicts on the readings of one bed."""
    pressures = (Channel.SBP, Channel.DBP, Channel.MAP)
    found = []
    for c in range(len(value)):
        verdict = level_verdict(limits, c, value[c])
        doubtful = (
            bool(flags[c] & Flag.QUESTIONABLE)
            or has_jumped(limits, c, value[c], at_ms[c], before[c], before_ms[c])
            or (c in pressures and (narrow(rows, value) or mean_sent_twice(value)))
        )
        found.append(Verdict.SUSPICIOUS if verdict == Verdict.TRUSTED and doubtful else verdict)
    if contradicted(value) or any(found[c] == Verdict.IMPOSSIBLE for c in pressures):
        for c in pressures:
            if found[c] in (Verdict.TRUSTED, Verdict.SUSPICIOUS):
                found[c] = Verdict.CONTRADICTED
    return [int(verdict) for verdict in found]


def verdicts(
    limits: ChannelLimits, rows: Sequence[PulsePressureRow], *columns: Sequence[Values]
) -> list[list[int]]:
    return [verdicts_of(limits, rows, *bed) for bed in zip(*columns, strict=True)]
