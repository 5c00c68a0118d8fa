"""Deciders: which row lifted a window to a grade that calls somebody, and how sure that was.

Of each window the first moment counts at which its grade is 2 or more. What decided is the worst
rule that holds then, in the order of the book; or the pattern, where no sign alone is that grade;
or the time a sign needs to clear, where no limit is crossed any more. Nothing is judged again:
what is counted is what the core itself gives as its reasons.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from detectors.channels import MISSING, Bool, Int32
from detectors.confirmation import LEAST_READINGS
from detectors.detection import Detection
from detectors.explanation import rule_reasons

CALLING_GRADE: Final = 2
"""The lowest grade at which somebody is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What lifted one window.

    Attributes
    ----------
    row : str
        Id of the rule; ``pattern.NAME`` or ``clearing.SIGN`` where no rule decided.
    stood : bool
        It was so before the window began.
    single : bool
        One reading was enough, because it was extreme or another kind of measurement agreed.
    doubted : bool
        The quality gate doubted the reading.
    sign : int
        Number of the deciding sign; -1 where there is none.
    """

    row: str
    stood: bool
    single: bool
    doubted: bool
    sign: int


@dataclass(slots=True, kw_only=True)
class DeciderCounts:
    """How often one row decided.

    ``gone_at_next`` counts windows in which the next reading of the sign was below the grade
    again; ``artefact_like`` those in which the reading was doubted, or single and gone at next.
    """

    windows: int = 0
    stood: int = 0
    single: int = 0
    doubted: int = 0
    gone_at_next: int = 0
    artefact_like: int = 0


@dataclass(slots=True)
class Deciders:
    """The decisions of all windows, as they are made."""

    detection: Detection
    made: dict[int, Decision] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    _open: Bool = field(init=False)
    _begun: Bool = field(init=False)

    def __post_init__(self) -> None:
        """Begin with no window begun and none decided."""
        self._open = np.zeros(self.detection.n_beds, np.bool_)
        self._begun = np.zeros(self.detection.n_beds, np.bool_)

    def begin(self, window: Int32) -> None:
        """Begin some windows; what they are lifted by now, stood before."""
        self._begun[window] = True
        self._decide(window, stood=True)

    def take(self, window: Int32, value_centi: Int32, changed: Bool) -> None:
        """Note what a round has decided, after the detection core has taken it.

        Parameters
        ----------
        window : int32 array, shape (row,)
        value_centi : int32 array, shape (row, channel)
            What was read.
        changed : bool array, shape (row,)
            Windows of which the core says that they changed.
        """
        asked = np.flatnonzero(self._open[window])
        reads = self.detection.rules.reads()
        for index in asked.tolist():
            row = int(window[index])
            sign = self.made[row].sign
            if (reads[sign] & (value_centi[index] != MISSING)).any():
                self._open[row] = False
                if self.detection.shown[row, sign] < CALLING_GRADE:
                    self.gone.add(row)
        self._decide(window[changed & self._begun[window]], stood=False)

    def _decide(self, window: Int32, *, stood: bool) -> None:
        grade = self.detection.grade_of(window)
        for row in window[grade >= CALLING_GRADE].tolist():
            if row not in self.made:
                self.made[row] = self._decision(row, stood=stood)
                self._open[row] = self.made[row].sign >= 0

    def _decision(self, row: int, *, stood: bool) -> Decision:
        detection = self.detection
        signs = detection.params.signs
        grades = detection.signs_of(np.array([row], np.int32))[0]
        if grades.max(initial=0) < CALLING_GRADE:
            name = detection.params.patterns[int(detection.pattern[row])].name
            return Decision(
                row=f"pattern.{name}", stood=stood, single=False, doubted=False, sign=-1
            )
        reasons = rule_reasons(detection, row, confirmed=True)
        if not reasons or reasons[0].rule.grade < CALLING_GRADE:
            sign = int(grades.argmax())
            return Decision(
                row=f"clearing.{signs[sign]}", stood=stood, single=False, doubted=False, sign=-1
            )
        rule = reasons[0].rule
        sign = signs.index(rule.sign)
        readings = int(detection.track.readings[row, sign, rule.grade - 1])
        channels = [channel for clause in rule.clauses for channel in clause.channels]
        return Decision(
            row=rule.id,
            stood=stood,
            single=readings < LEAST_READINGS,
            doubted=bool(detection.doubted[row, channels].any()),
            sign=sign,
        )

    def counts(self) -> Mapping[str, DeciderCounts]:
        """Return how often each row decided, the most frequent first."""
        found: dict[str, DeciderCounts] = {}
        for row, decision in self.made.items():
            one = found.setdefault(decision.row, DeciderCounts())
            gone = row in self.gone
            one.windows += 1
            one.stood += decision.stood
            one.single += decision.single
            one.doubted += decision.doubted
            one.gone_at_next += gone
            one.artefact_like += decision.doubted or (decision.single and gone)
        return dict(sorted(found.items(), key=lambda pair: (-pair[1].windows, pair[0])))
