"""The detection state of all beds, as structure of arrays, and its one step.

A round is at most one message per bed. :meth:`Detection.take` runs the rounds of a step in
order of arrival, so the result does not depend on how messages were cut into steps. Reading
order is the order of the argument: which readings may be believed, what the baseline is, which
rules hold, which signs are confirmed, which picture they make.
"""

import numpy as np

from detectors.active_book import ActiveBook
from detectors.baseline import baseline_state
from detectors.baseline_life import learn
from detectors.beds import Beds
from detectors.channels import (
    MISSING,
    N_CHANNELS,
    NEVER,
    Bool,
    Int8,
    Int32,
    Int64,
)
from detectors.confirmation import GRADES, advanced
from detectors.evidence import Evidence
from detectors.parameters import DetectionParams
from detectors.patterns import NO_PATTERN
from detectors.quality import VERDICTS, Reason, Verdict, reasons
from detectors.quiet import Given, QuietRanges, loud_rows, rows_with
from detectors.rounds import Findings, Round
from detectors.rulebook import (
    Judgement,
)
from detectors.sign_rules import SignRules
from detectors.spans import picked, span

__all__ = ["Detection", "DetectionParams", "Findings", "Round"]


class Detection(Beds):
    """The state of all beds, with what takes it from one round of readings to the next."""

    def __init__(self, params: DetectionParams, n_beds: int) -> None:
        super().__init__(n_beds, len(params.signs))
        self.params = params
        self.active = ActiveBook(params)
        self.evidence = Evidence(params, self.active.reads)
        self.has_rest = self.evidence.has_rest
        self.disturbing = [params.signs.index(sign) for sign in params.baseline.not_during]
        self.ranges = QuietRanges(params.book, params.limits, n_beds)

    @property
    def rules(self) -> SignRules:
        """The rules of the active book by sign."""
        return self.active.rules

    @property
    def reads(self) -> Bool:
        """Which channels each sign reads, shape (sign, channel)."""
        return self.active.reads

    def grow(self, n_beds: int) -> None:
        """Make room for more beds; existing rows are kept."""
        super().grow(n_beds)
        self.ranges = QuietRanges(self.params.book, self.params.limits, n_beds)

    def take(self, round_: Round) -> Findings:
        """Take one round of readings and return what it changed."""
        bed, at = round_.bed, span(round_.bed)
        before_centi, before_ms = picked(self.value_centi, at), picked(self.measured_ms, at)
        present = round_.value_centi != MISSING
        newer = present & (round_.measured_ms > before_ms)
        loud = self._loud(
            Given(
                bed=bed,
                at=at,
                value_centi=round_.value_centi,
                flags=round_.flags,
                before_centi=before_centi,
                after_centi=np.where(newer, round_.value_centi, before_centi),
            )
        )
        rows = np.flatnonzero(loud)
        if len(rows) == len(bed):
            return self._take_closely(round_)
        new = newer & ~loud[:, None]
        self._keep(round_, new, before_centi, before_ms)
        doubted = picked(self.doubted, at)
        if doubted.any():
            self.doubted[at] = doubted & ~new
        reason = (present * Reason.SOUND).astype(np.int8)
        late, changed = present & ~newer, np.zeros(len(bed), np.bool_)
        if rows.size:
            near = self._take_closely(round_.rows(rows))
            reason[rows], late[rows], changed[rows] = near.reason, near.late, near.changed
        return Findings(bed=bed, reason=reason, late=late, changed=changed)

    def _loud(self, given: Given) -> Bool:
        """Which messages may change more than the newest readings, shape (row,)."""
        bed, params = given.bed, self.params
        if not self.has_rest:
            return np.ones(len(bed), np.bool_)
        at = given.at
        age_centi = picked(self.age_centi, at)
        fixed = np.concatenate([picked(self.baseline_centi, at), age_centi[:, None]], axis=1)
        self.ranges.follow(bed, at, fixed)
        shown = picked(self.shown, at) | picked(self.charted, at)
        shown |= picked(self.track.grade, at)
        busy: Bool = rows_with(shown != 0) | (picked(self.pattern, at) != NO_PATTERN)
        busy |= picked(self.taking_baseline, at)
        busy |= loud_rows(self.ranges, params.limits, given, params.pulse_pressure)
        return busy

    def _keep(self, round_: Round, new: Bool, before_centi: Int32, before_ms: Int64) -> None:
        """Keep the new readings of a round as the newest of their beds."""
        at = span(round_.bed)
        self.value_centi[at] = np.where(new, round_.value_centi, before_centi)
        self.measured_ms[at] = np.where(new, round_.measured_ms, before_ms)
        read_ms = np.where(new, round_.measured_ms, NEVER)
        at_ms = picked(self.at_ms, at).copy()
        for channel in range(N_CHANNELS):
            np.maximum(at_ms, read_ms[:, channel], out=at_ms)
        self.at_ms[at] = at_ms
        spacing_ms = self.params.history_spacing_ms
        self.history.take(spacing_ms, round_.bed, round_.value_centi, round_.measured_ms, new)

    def _take_closely(self, round_: Round) -> Findings:
        """Take readings of beds that need the full judgement."""
        bed = round_.bed
        before_centi, before_ms = self.value_centi[bed], self.measured_ms[bed]
        reason = reasons(
            self.params.limits,
            self.params.pulse_pressure,
            round_.value_centi,
            round_.measured_ms,
            round_.flags,
            before_centi,
            before_ms,
        )
        verdict = VERDICTS[reason]
        believed = (verdict == Verdict.TRUSTED) | (verdict == Verdict.SUSPICIOUS)
        late = believed & (round_.measured_ms <= before_ms)
        new = believed & ~late
        self._keep(round_, new, before_centi, before_ms)
        self.doubted[bed] = np.where(new, verdict == Verdict.SUSPICIOUS, self.doubted[bed])
        learn(
            self.params.baseline,
            self,
            bed,
            value_centi=np.where(new, round_.value_centi, MISSING).astype(np.int32),
            measured_ms=round_.measured_ms,
            fit=(verdict == Verdict.TRUSTED) & ~self._disturbed(bed)[:, None],
        )
        return Findings(bed=bed, reason=reason, late=late, changed=self.judge(bed, new))

    def _disturbed(self, bed: Int32) -> Bool:
        """Where a charted sign speaks against learning a baseline now, shape (row,)."""
        return rows_with(self.charted[bed][:, self.disturbing] > 0)

    def judge(self, bed: Int32, new: Bool) -> Bool:
        """Judge some beds again and return which of them changed.

        Parameters
        ----------
        bed : int32 array, shape (row,)
            Rows of the beds, each at most once.
        new : bool array, shape (row, channel)
            Which channels were read; none after a symptom was charted.

        Returns
        -------
        bool array, shape (row,)
        """
        before = self._told(bed)
        judging = self.judging[bed]
        fresh = (new @ self.reads.T) & judging[:, None]
        if fresh.any():
            verdict = self.judgement(bed)
            shown = self.rules.highest(verdict.holds)
            stays = self.rules.highest(verdict.stays)
            self.shown[bed] = np.where(fresh, shown, self.shown[bed])
            track = advanced(
                self.params.confirmation,
                self.track.rows(bed),
                shown=shown,
                stays=stays,
                measured_ms=self.active.sign_ms(self, bed),
                at_once=self.active.at_once(self, bed, shown),
                fresh=fresh,
            )
            self.track.put(bed, track)
        pictures = self.evidence.pictures(self, bed, self.signs_of(bed))
        self.pattern[bed] = np.where(judging, pictures.leading, NO_PATTERN)
        self.floor[bed] = np.where(judging, pictures.floor, 0)
        changed: Bool = (before != self._told(bed)).any(axis=1)
        return changed

    def _told(self, bed: Int32) -> Int32:
        """Everything about some beds whose change somebody may have to be told."""
        state = (
            self.signs_of(bed),
            self.shown[bed],
            self.pattern[bed, None],
            self.floor[bed, None],
        )
        return np.concatenate(state, axis=1).astype(np.int32)

    def chart(self, bed: int, at_ms: int) -> None:
        """Judge a bed again after its charted symptoms changed.

        Parameters
        ----------
        bed : int
            Row of the bed; its row of ``charted`` is already as people see it now.
        at_ms : int
            When it was charted [ms since the Unix epoch, UTC].
        """
        row = np.array([bed], np.int32)
        self.at_ms[bed] = max(int(self.at_ms[bed]), at_ms)
        self.judge(row, np.zeros((1, N_CHANNELS), np.bool_))

    def withdraw(self, bed: int, channel: int) -> bool:
        """Forget what a channel has shown but not confirmed, because its probe is off.

        Parameters
        ----------
        bed : int
            Row of the bed.
        channel : int
            The channel that the device reports as absent.

        Returns
        -------
        bool
            True if that changed the bed. Confirmed grades stay: absence resolves nothing.
        """
        row = np.array([bed], np.int32)
        before = self._told(row)
        only = self.reads[:, channel] & (self.reads.sum(axis=1) == 1)
        unsure = only & (self.shown[bed] > self.track.grade[bed])
        self.shown[bed, unsure] = self.track.grade[bed, unsure]
        level = np.arange(1, GRADES + 1)
        lost = unsure[:, None] & (level > self.track.grade[bed][:, None])
        self.track.since_ms[bed][lost] = NEVER
        self.track.readings[bed][lost] = 0
        return bool((before != self._told(row)).any())

    def judgement(self, bed: Int32) -> Judgement:
        """What the active book says about some beds as they stand."""
        return self.active.judgement(self, bed)

    def signs_of(self, bed: Int32) -> Int8:
        """Confirmed grade of every sign, symptoms included, shape (row, sign)."""
        grade: Int8 = np.maximum(self.track.grade[bed], self.charted[bed])
        return grade

    def grade_of(self, bed: Int32) -> Int8:
        """Confirmed grade of some beds, 0 to 4, shape (row,)."""
        signs = self.signs_of(bed).max(axis=1, initial=0)
        grade: Int8 = np.maximum(signs, self.floor[bed]).astype(np.int8)
        return grade

    def baseline_states(self, bed: Int32) -> Int8:
        """State of each channel's baseline, shape (row, channel)."""
        return baseline_state(self.params.baseline, self.window.count[bed])
