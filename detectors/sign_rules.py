"""Rules by the sign that they show: from what holds to the grade of each sign."""

import numpy as np

from detectors.channels import N_CHANNELS, Bool, Int8, Int32
from detectors.rulebook import Rule


class SignRules:
    """Rules sorted by sign, so that all signs are graded in one pass.

    Attributes
    ----------
    sign : int32 array, shape (rule,)
        Number of the sign of each rule.
    grade : int8 array, shape (rule,)
        Grade of each rule.
    """

    def __init__(self, rules: tuple[Rule, ...], signs: tuple[str, ...]) -> None:
        self.sign: Int32 = np.array([signs.index(rule.sign) for rule in rules], np.int32)
        self.grade: Int8 = np.array([rule.grade for rule in rules], np.int8)
        self._rules = rules
        self._n_signs = len(signs)
        self._order = np.argsort(self.sign, kind="stable")
        ordered = self.sign[self._order]
        self._first = np.flatnonzero(np.diff(ordered, prepend=-1))
        self._ruled = ordered[self._first]

    def highest(self, holds: Bool) -> Int8:
        """Highest grade of the rules that hold.

        Parameters
        ----------
        holds : bool array, shape (bed, rule)

        Returns
        -------
        int8 array, shape (bed, sign)
            0 where none holds, and for signs without a rule.
        """
        grade = np.zeros((len(holds), self._n_signs), np.int8)
        if self._first.size:
            grades = holds.T[self._order] * self.grade[self._order, None]
            grade[:, self._ruled] = np.maximum.reduceat(grades, self._first, axis=0).T
        return grade

    def among(self, holds: Bool) -> Bool:
        """Whether any rule of each sign holds, shape (bed, sign)."""
        found = np.zeros((len(holds), self._n_signs), np.bool_)
        if self._first.size:
            ordered = holds.T[self._order]
            found[:, self._ruled] = np.logical_or.reduceat(ordered, self._first, axis=0).T
        return found

    def reads(self) -> Bool:
        """Which channels each sign reads, shape (sign, channel)."""
        reads = np.zeros((self._n_signs, N_CHANNELS), np.bool_)
        for rule, sign in zip(self._rules, self.sign.tolist(), strict=True):
            for clause in rule.clauses:
                reads[sign, list(clause.channels)] = True
        return reads
