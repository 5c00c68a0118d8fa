"""The site's active book: what it says about beds as they stand, and what alarms at once."""

import numpy as np

from detectors.baseline import baseline_doubt
from detectors.beds import Beds
from detectors.channels import MISSING, N_CHANNELS, NEVER, Bool, Channel, Float, Int8, Int32, Int64
from detectors.context import ContextFlag
from detectors.expectations import expected_rises, leeway_table
from detectors.parameters import DetectionParams
from detectors.rulebook import (
    DANGEROUS_GRADE,
    Judgement,
    RuleBook,
    forms,
    judged,
    stand_in_channels,
    standing_in,
)
from detectors.sign_rules import SignRules


def valid_values(params: DetectionParams, beds: Beds, bed: Int32) -> Int32:
    """Values of some beds that are young enough to be combined.

    Parameters
    ----------
    params : DetectionParams
        For how long a value of each channel is valid.
    beds : Beds
        The state.
    bed : int32 array, shape (row,)
        Rows of the beds.

    Returns
    -------
    int32 array, shape (row, channel), [hundredths]
        MISSING where there is no value, or it is older than the newest reading of its bed by
        more than its time.
    """
    age_ms = beds.at_ms[bed][:, None] - beds.measured_ms[bed]
    valid = np.where(age_ms <= params.valid_ms, beds.value_centi[bed], MISSING)
    return valid.astype(np.int32)


class ActiveBook:
    """The active book and the extremes that bypass confirmation, ready to judge beds."""

    def __init__(self, params: DetectionParams) -> None:
        self.params = params
        self.forms = forms(params.book, params.hysteresis_centi)
        extremes = RuleBook(name="bypass", version=1, title="", rules=params.bypass)
        self.bypass_forms = forms(extremes, np.zeros(N_CHANNELS, np.int32))
        self.bypass_ins = stand_in_channels(extremes)
        lonely = RuleBook(name="alone", version=1, title="", rules=params.alone)
        self._alone_forms = forms(lonely, np.zeros(N_CHANNELS, np.int32))
        self._alone_rules = SignRules(params.alone, params.signs)
        self.stand_ins = stand_in_channels(params.book)
        self._dangerous = [
            place
            for place, rule in enumerate(params.book.rules)
            if rule.unless_baseline and rule.grade >= DANGEROUS_GRADE
        ]
        levels = tuple(params.book.rules[place] for place in self._dangerous)
        dangerous = RuleBook(name="dangerous levels", version=1, title="", rules=levels)
        self._dangerous_forms = forms(dangerous, np.zeros(N_CHANNELS, np.int32))
        self.rules = SignRules(params.book.rules, params.signs)
        self.bypass_rules = SignRules(params.bypass, params.signs)
        self.reads = self.rules.reads()
        self.channels_of_signs = [np.flatnonzero(read).tolist() for read in self.reads]
        # Of a sign's rules the first one counts, so it is written last.
        self.first_channel: dict[str, Channel] = {
            rule.sign: rule.clauses[0].channel for rule in reversed(params.book.rules)
        }
        self.leeway_table = leeway_table(params.book.rules)

    def judgement(self, beds: Beds, bed: Int32) -> Judgement:
        """What the active book says about some beds as they stand."""
        valid, held = valid_values(self.params, beds, bed), beds.value_centi[bed]
        baseline, age = beds.baseline_centi[bed], beds.age_centi[bed]
        doubt = baseline_doubt(self.params.baseline, beds.window.count[bed])
        verdict = judged(self.forms, valid, baseline, age, doubt, self._leeway(beds, bed))
        aged = np.flatnonzero((valid != held).any(axis=1))
        if aged.size:
            # Silence lowers nothing: a value too old to show a sign may still hold one.
            then = judged(self.forms, held[aged], baseline[aged], age[aged], doubt[aged])
            verdict.stays[aged] = then.stays
        excused = standing_in(self.stand_ins, verdict, baseline)
        # A baseline that was itself as dangerous excuses nothing, before the start or after it.
        some = self._dangerous
        kept = judged(self._dangerous_forms, baseline, baseline, age).holds
        excused.holds[:, some] |= verdict.holds[:, some] & kept
        excused.stays[:, some] |= verdict.stays[:, some] & kept
        excused.unknown[:, some] |= verdict.unknown[:, some] & kept
        return excused

    def explained(self, beds: Beds, bed: Int32) -> Int32:
        """How much of a rise drugs explain now, shape (row, channel), [hundredths]."""
        return expected_rises(
            self.params.expectations, beds.given_ms[bed], beds.at_ms[bed], beds.window.last_ms[bed]
        )

    def _leeway(self, beds: Beds, bed: Int32) -> Float | None:
        """What drugs take from each clause now, shape (row, clause); None where none acts."""
        if (beds.given_ms[bed] == NEVER).all():
            return None
        leeway: Float = self.explained(beds, bed).astype(np.float64) @ self.leeway_table
        return leeway

    def sign_ms(self, beds: Beds, bed: Int32) -> Int64:
        """When each sign was last read, shape (row, sign)."""
        measured_ms = beds.measured_ms[bed][:, None, :]
        newest: Int64 = np.where(self.reads, measured_ms, NEVER).max(axis=-1)
        return newest

    def at_once(self, beds: Beds, bed: Int32, shown: Int8) -> Bool:
        """Where a reading needs no confirmation, shape (row, sign)."""
        baseline = beds.baseline_centi[bed]
        values = valid_values(self.params, beds, bed)
        extreme = judged(self.bypass_forms, values, baseline, beds.age_centi[bed])
        bypass = self.bypass_rules.among(standing_in(self.bypass_ins, extreme, baseline).holds)
        bypass &= ~(beds.doubted[bed] @ self.reads.T)
        # What is not known to stand alone does not: a row that cannot be judged does not hold.
        age_ms = beds.at_ms[bed][:, None] - beds.measured_ms[bed]
        now = np.where(age_ms <= self.params.alone_within_ms, values, MISSING).astype(np.int32)
        alone = judged(self._alone_forms, now, baseline, beds.age_centi[bed]).holds
        is_blunted = beds.context[bed, ContextFlag.BETA_BLOCKER]
        is_alone = self._alone_rules.among(alone) & ~is_blunted[:, None]
        bypass &= ~is_alone | (beds.track.grade[bed] > 0)
        # What was withdrawn with its probe corroborates nothing, although its value is still held.
        seen = np.minimum(shown, beds.shown[bed])
        # What the device itself doubts neither confirms another sign nor is confirmed by one: a
        # second reading is asked for. What was confirmed before the doubt stays a finding.
        unsure = beds.unsure[bed] @ self.reads.T
        seen = np.where(unsure, np.minimum(seen, beds.track.grade[bed]), seen)
        strong = (seen >= self.params.corroborating_grade) | (beds.charted[bed] > 0)
        other = self.params.group[:, None] != self.params.group[None, :]
        at_once: Bool = bypass | ((strong @ other) & ~unsure)
        return at_once
