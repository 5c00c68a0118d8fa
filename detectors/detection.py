"""The detection state of all beds, as structure of arrays, and its one step.

A round is at most one message per bed. :meth:`Detection.take` runs the rounds of a step in
order of arrival, so the result does not depend on how messages were cut into steps. Reading
order is the order of the argument: which readings may be believed, what the baseline is, which
rules hold, which signs are confirmed, which picture they make.
"""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detectors.active_book import ActiveBook
from detectors.baseline import baseline_state
from detectors.baseline_life import learn
from detectors.beds import Beds
from detectors.channels import (
    MISSING,
    N_CHANNELS,
    NEVER,
    Bool,
    Channel,
    Flag,
    Int8,
    Int32,
)
from detectors.confirmation import GRADES, advanced
from detectors.evidence import Evidence
from detectors.parameters import DetectionParams
from detectors.patterns import NO_PATTERN
from detectors.quality import PRESSURES, VERDICTS, Reason, Verdict, reasons
from detectors.quiet import Look, QuietRanges, loud_rows, rows_with
from detectors.rounds import Findings, Round
from detectors.rulebook import (
    Judgement,
)
from detectors.sign_rules import SignRules
from detectors.spans import picked, span
from detectors.steadiness import Given

Rows: TypeAlias = npt.NDArray[np.intp]

CUFF: Final = np.array(PRESSURES, np.intp)
"""Columns of the pressures."""

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
        swings = params.steadiness.swing_ms > 0
        least = np.minimum(params.limits.change_centi, params.steadiness.swing_centi)
        self.least_change_centi: Int32 = np.where(swings, least, params.limits.change_centi)
        self.of_pressures: Bool = np.asarray(self.reads[:, CUFF].any(axis=1))

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
        bed, at, value_centi = round_.bed, span(round_.bed), round_.value_centi
        given = self._beside(round_)
        present = value_centi != MISSING
        newer = present & (round_.measured_ms > given.before_ms)
        resent = self.steadiness.resent(self.params.steadiness, bed, given, round_.flags)
        new = newer.copy() if resent.size else newer
        new[np.ix_(resent, CUFF)] = False
        runs = self.steadiness.runs(self.params.steadiness, bed, given, new)
        loud = self._loud(
            Look(
                bed=bed,
                at=at,
                value_centi=value_centi,
                flags=round_.flags,
                before_centi=given.before_centi,
                after_centi=np.where(newer, value_centi, given.before_centi),
            )
        )
        loud[runs.row[runs.flat]] = True
        rows = np.flatnonzero(loud)
        if len(rows) == len(bed):
            return self._take_closely(round_)
        new &= ~loud[:, None]
        self._keep(round_, new, given)
        self.steadiness.keep(runs.chosen(~loud[runs.row]) if rows.size else runs)
        reason = (present * Reason.SOUND).astype(np.int8)
        self._resend(round_, resent[~loud[resent]], reason)
        doubted = picked(self.doubted, at)
        if doubted.any():
            self.doubted[at] = doubted & ~new
            self.unsure[at] = picked(self.unsure, at) & ~new
        self._object(round_, new | ((reason == Reason.RESENT) & newer), reason)
        late, changed = present & ~newer, np.zeros(len(bed), np.bool_)
        if rows.size:
            near = self._take_closely(round_.rows(rows))
            reason[rows], late[rows], changed[rows] = near.reason, near.late, near.changed
        return Findings(bed=bed, reason=reason, late=late, changed=changed)

    def _beside(self, round_: Round) -> Given:
        """Return the readings of a round beside the newest believed ones of their beds."""
        at = span(round_.bed)
        return Given(
            value_centi=round_.value_centi,
            measured_ms=round_.measured_ms,
            before_centi=picked(self.value_centi, at),
            before_ms=picked(self.measured_ms, at),
        )

    def _resend(self, round_: Round, rows: Rows, reason: Int8) -> None:
        """Note, also in the reasons, that the pressures of some rows were only sent again."""
        if rows.size:
            self.steadiness.send(round_.bed[rows], round_.measured_ms[rows, Channel.SBP])
            some = np.ix_(rows, CUFF)
            given = reason[some] != Reason.ABSENT
            reason[some] = np.where(given, np.maximum(reason[some], Reason.RESENT), Reason.ABSENT)

    def _object(self, round_: Round, newest: Bool, reason: Int8) -> None:
        """Keep raw what a gate objects to among the newest readings, until a sound one comes."""
        bed = round_.bed
        raw = newest & (reason > Reason.SOUND)
        before = picked(self.reason, span(bed))
        if not (raw.any() or before.any()):
            return
        kept = ~newest
        self.reason[bed] = np.where(raw, reason, before * kept)
        centi, at_ms = self.raw_centi[bed], self.raw_ms[bed]
        self.raw_centi[bed] = np.where(raw, round_.value_centi, np.where(kept, centi, MISSING))
        self.raw_ms[bed] = np.where(raw, round_.measured_ms, np.where(kept, at_ms, NEVER))

    def _loud(self, given: Look) -> Bool:
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
        busy |= loud_rows(self.ranges, self.least_change_centi, given, params.pulse_pressure)
        return busy

    def _keep(self, round_: Round, new: Bool, given: Given) -> None:
        """Keep the new readings of a round as the newest of their beds."""
        at = span(round_.bed)
        self.value_centi[at] = np.where(new, round_.value_centi, given.before_centi)
        self.measured_ms[at] = np.where(new, round_.measured_ms, given.before_ms)
        read_ms = np.where(new, round_.measured_ms, NEVER)
        at_ms = picked(self.at_ms, at).copy()
        for channel in range(N_CHANNELS):
            np.maximum(at_ms, read_ms[:, channel], out=at_ms)
        self.at_ms[at] = at_ms
        spacing_ms = self.params.history_spacing_ms
        self.history.take(spacing_ms, round_.bed, round_.value_centi, round_.measured_ms, new)

    def _take_closely(self, round_: Round) -> Findings:
        """Take readings of beds that need the full judgement."""
        bed, steady, limits = round_.bed, self.steadiness, self.params.steadiness
        given = self._beside(round_)
        reason = reasons(
            self.params.limits,
            self.params.pulse_pressure,
            round_.value_centi,
            round_.measured_ms,
            round_.flags,
            given.before_centi,
            given.before_ms,
        )
        resent = steady.resent(limits, bed, given, round_.flags)
        self._resend(round_, resent, reason)
        believed = (reason != Reason.ABSENT) & (reason < Reason.TOO_LOW)
        late = believed & (round_.measured_ms <= given.before_ms)
        new = believed & ~late
        new[np.ix_(resent[self._held(bed, given, resent)], CUFF)] = False
        poor = self.doubted[bed, Channel.SPO2]
        poor |= (round_.flags[:, Channel.SPO2] & Flag.QUESTIONABLE) != 0
        motion = steady.swing(limits, bed, given, new, poor)
        runs = steady.runs(limits, bed, given, new)
        steady.keep(runs)
        flat = np.zeros(new.shape, np.bool_)
        still = runs.row[runs.flat]
        flat[still, runs.place[runs.flat] - N_CHANNELS * bed[still].astype(np.int64)] = True
        reason = np.maximum(reason, np.where(motion, np.int8(Reason.MOVING), np.int8(0)))
        reason = np.maximum(reason, np.where(flat, np.int8(Reason.FLAT), np.int8(0)))
        self._object(
            round_, (reason != Reason.ABSENT) & (round_.measured_ms > given.before_ms), reason
        )
        self._keep(round_, new, given)
        suspicious = VERDICTS[reason] == Verdict.SUSPICIOUS
        self.doubted[bed] = np.where(new, suspicious, self.doubted[bed])
        unsure = (round_.flags & Flag.QUESTIONABLE) != 0
        self.unsure[bed] = np.where(new, unsure, self.unsure[bed])
        learn(
            self.params.baseline,
            self,
            bed,
            value_centi=np.where(new, round_.value_centi, MISSING).astype(np.int32),
            measured_ms=round_.measured_ms,
            fit=(reason == Reason.SOUND) & ~self._disturbed(bed)[:, None],
        )
        return Findings(bed=bed, reason=reason, late=late, changed=self.judge(bed, new))

    def _held(self, bed: Int32, given: Given, resent: Rows) -> Bool:
        """Which pressures that were sent again are held back, shape (found,).

        They are no second reading, so they confirm nothing and clear nothing. But a pressure
        that shows a sign and that nobody has measured again for a while is judged once more:
        no gate silences what persists.
        """
        shows = (self.shown[bed[resent]] > self.track.grade[bed[resent]])[:, self.of_pressures]
        age_ms = given.measured_ms[resent, Channel.SBP] - given.before_ms[resent, Channel.SBP]
        held: Bool = ~shows.any(axis=1) | (age_ms < self.params.steadiness.held_ms)
        return held

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

    def unsteady(self, n_beds: int | None = None) -> tuple[Bool, Bool]:
        """Return the channels that stand still and those that swing to and fro, (bed, channel).

        Of the first ``n_beds`` beds, or of all. A sensor that somebody should look at: it is told
        in words, and ends no alarm.
        """
        limits, measured_ms = self.params.steadiness, self.measured_ms[:n_beds]
        still = self.steadiness.flat(limits, self.value_centi[:n_beds], measured_ms)
        poor = self.doubted[:n_beds, Channel.SPO2]
        return still, self.steadiness.moving(limits, measured_ms, poor)

    def baseline_states(self, bed: Int32) -> Int8:
        """State of each channel's baseline, shape (row, channel)."""
        return baseline_state(self.params.baseline, self.window.count[bed])
