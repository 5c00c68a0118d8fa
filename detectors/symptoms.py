"""What people see and chart, as signs with grades."""

from dataclasses import dataclass
from typing import Final

from detectors.confirmation import GRADES

SEVERITIES: Final = ("mild", "moderate", "severe")


@dataclass(frozen=True, slots=True, kw_only=True)
class SymptomRow:
    """A symptom, the sign it belongs to, and its grade for each charted severity."""

    name: str
    sign: str
    mild: int
    moderate: int
    severe: int
    source: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse grades that fall as the symptom gets worse."""
        if not 1 <= self.mild <= self.moderate <= self.severe <= GRADES:
            raise ValueError(
                f"symptom {self.name!r}: grades must rise from 1 to 4, got "
                f"{self.mild}, {self.moderate}, {self.severe}"
            )

    def grade(self, severity: str) -> int:
        """Return the grade of the symptom at a severity."""
        return {"mild": self.mild, "moderate": self.moderate, "severe": self.severe}[severity]


def symptom_signs(rows: tuple[SymptomRow, ...]) -> tuple[str, ...]:
    """Return the signs that symptoms can show, in order of first appearance."""
    return tuple(dict.fromkeys(row.sign for row in rows))
