"""expectations.toml as it stands, and the arrays that the detection core makes of it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.channels import CANONICAL_UNITS, CENTI, Channel
from detectors.context import FLAG_NAMES
from detectors.expectations import DRUG_PLACES, Expectations
from monitor.care.drugs import DrugRemark, DrugRow
from monitor.tables.faults import FaultKept
from monitor.tables.tables import Table, check_unit, record, unique

MOST_CENTI: Final = 30 * CENTI
"""No drug explains a rise of more than 30 /min or 30 mmHg: beyond that it hides reactions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiseRow:
    """How much of a rise of one channel a drug explains, and when."""

    drug: str
    channel: Channel
    most_centi: int
    unit: str
    from_ms: int
    until_ms: int
    source: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a foreign unit, an empty time, and a rise that would hide a reaction."""
        check_unit(self.unit, CANONICAL_UNITS[self.channel])
        if not self.from_ms < self.until_ms:
            raise ValueError("until must be after from")
        if not 0 < self.most_centi <= MOST_CENTI:
            raise ValueError(f"most must be above 0 and at most {MOST_CENTI // CENTI}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectationFile:
    """The whole of expectations.toml."""

    drug: tuple[DrugRow, ...]
    rise: tuple[RiseRow, ...]
    remark: tuple[DrugRemark, ...]

    def expectations(self) -> Expectations:
        """Return the rises as the detection core takes them."""
        places = {row.name: place for place, row in enumerate(self.drug)}
        return Expectations(
            drug=np.array([places[row.drug] for row in self.rise], np.int32),
            channel=np.array([row.channel for row in self.rise], np.int32),
            most_centi=np.array([row.most_centi for row in self.rise], np.int32),
            from_ms=np.array([row.from_ms for row in self.rise], np.int64),
            until_ms=np.array([row.until_ms for row in self.rise], np.int64),
        )


def expectation_file(table: Table) -> ExpectationFile:
    """Return expectations.toml; every name in it is known, and no word means two drugs."""
    made = record(table, ExpectationFile)
    before = len(table.faults)
    names = [row.name for row in made.drug]
    unique(table, "drug", names)
    unique(table, "drug.called", [word for row in made.drug for word in row.called])
    if len(names) > DRUG_PLACES:
        table.keep("drug", f"{len(names)} drugs, at most {DRUG_PLACES}")
    for row in made.rise:
        if row.drug not in names:
            table.keep("rise", f"unknown drug {row.drug!r}; known: {', '.join(names)}")
    for remark in made.remark:
        is_drug, is_flag = remark.about in names, remark.about in FLAG_NAMES
        if not is_drug and not is_flag:
            known = ", ".join((*names, *FLAG_NAMES))
            table.keep("remark", f"about {remark.about!r}: no drug and no flag; known: {known}")
        elif is_drug != (remark.until_ms > 0):
            table.keep("remark", f"about {remark.about!r}: a drug has an until, a flag has none")
    if len(table.faults) > before:
        raise FaultKept
    return made
