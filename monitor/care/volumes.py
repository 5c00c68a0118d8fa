"""What has flowed in a session: summed from the rates that a pump reported, or as it says itself.

The sum is exact: a rate in hundredths of mL/h times milliseconds is a whole number, and it is
divided only when somebody looks. It ends at the last report; what flowed since then is not known.
"""

from dataclasses import dataclass, replace
from typing import Final

from monitor.facts.records import PumpReported

HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What is known of the volume of a session.

    ``sum_centi_ms`` is the sum of rates times their times [0.01 mL/h ms]; ``at_ms`` the time of
    the last report, None before the first; ``pump_infused_centi`` and ``pump_left_centi`` what the
    last report that named a volume said [0.01 mL], at ``pump_ms``.
    """

    sum_centi_ms: int = 0
    at_ms: int | None = None
    pump_infused_centi: int | None = None
    pump_left_centi: int | None = None
    pump_ms: int | None = None

    @property
    def infused_centi_ml(self) -> int:
        """What the reported rates have come to, rounded down."""
        return self.sum_centi_ms // HOUR_MS


def flow_after(flow: Flow, record: PumpReported, rate_centi_ml_per_h: int | None) -> Flow:
    """Return what is known of the volume after a report.

    Parameters
    ----------
    flow : Flow
        What was known before.
    record : PumpReported
        The report; one that is older than the last adds nothing.
    rate_centi_ml_per_h : int or None
        The rate that ran until the report; None where none was known or nothing flowed.
    """
    at_ms = record.measured_ms
    if flow.at_ms is not None and at_ms < flow.at_ms:
        return flow
    if flow.at_ms is not None and rate_centi_ml_per_h is not None:
        gone = rate_centi_ml_per_h * (at_ms - flow.at_ms)
        flow = replace(flow, sum_centi_ms=flow.sum_centi_ms + gone)
    flow = replace(flow, at_ms=at_ms)
    if record.infused_centi_ml is None and record.left_centi_ml is None:
        return flow
    return replace(
        flow,
        pump_infused_centi=record.infused_centi_ml,
        pump_left_centi=record.left_centi_ml,
        pump_ms=at_ms,
    )
