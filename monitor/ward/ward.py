"""The ward: all beds of a unit, one step at a time.

:meth:`Ward.step` is the whole program, pure: readings and acts in, effects out, no clock, no
socket, no file, no randomness. Live and replay are two shells around it. A step walks through
its messages in rounds of at most one message per bed (:mod:`monitor.ward.rounds`), so what it
decides about measurements does not depend on how messages were cut into steps; only what
compares with the time of the step (silence, re-alerts) belongs to it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeAlias

import numpy as np

from detectors.channels import CHANNEL_NAMES, NEVER, Bool, Flag
from detectors.detection import Findings
from detectors.readings import Readings
from detectors.spans import picked, span
from monitor.care.doubts import doubt_words
from monitor.facts.effects import AnyEffect, Outcome, ReadingsKept
from monitor.facts.records import Act, Input, MessageRefused, SessionReported, VitalsReported
from monitor.facts.views import HandOver, WardView
from monitor.ward.acts import take_act
from monitor.ward.advising import tell_advice
from monitor.ward.baselines import tell_baseline
from monitor.ward.bed_views import ward_view
from monitor.ward.care_due import tell_care_due
from monitor.ward.devices import owner_elsewhere, tell_misplaced
from monitor.ward.handover import hand_over
from monitor.ward.hearings import Onset
from monitor.ward.judged import Judged
from monitor.ward.listening import DeviceFound, listened
from monitor.ward.roster import columns
from monitor.ward.rounds import Turn, turns
from monitor.ward.snapshots import recall, remembered
from monitor.ward.strangers import note_stranger, strange_reports
from monitor.ward.technical import tell_due, tell_technical
from monitor.ward.telling import tell_grade, tell_judged
from monitor.ward.ward_settings import WardSettings
from monitor.ward.ward_state import NO_BED, WardState
from monitor.ward.why_nots import WhyNots

Item: TypeAlias = Act | VitalsReported | DeviceFound
"""What is taken besides readings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misplaced:
    """The values of one message that is not believed at its bed, and why.

    ``stranger`` is the report itself where it names somebody else, with whom.
    """

    readings: Readings
    stranger: tuple[VitalsReported, str] | None = None

    @property
    def position(self) -> int:
        """Place of the message in the order of arrival."""
        return int(self.readings.position[0])


class Ward:
    """All beds of one unit; the only mutable domain object, used from one thread."""

    def __init__(self, settings: WardSettings, *, unit: str) -> None:
        self.state = WardState(settings, unit)
        self._why_nots = WhyNots()

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        """Take one step of decoded messages, in order of arrival."""
        heard, found = listened(self.state, inputs)
        arrived = columns(self.state.roster, heard)
        acts = sorted((*arrived.acts, *found), key=_position) if found else arrived.acts
        return self.step(now_ms, arrived.readings, acts, arrived.claims)

    def step(
        self,
        now_ms: int,
        readings: Readings,
        acts: Sequence[Item],
        claims: Sequence[VitalsReported] = (),
    ) -> tuple[AnyEffect, ...]:
        """Take one step: readings and acts in order of arrival, then everything that is due.

        Parameters
        ----------
        now_ms : int
            Time of the step [ms since the Unix epoch]; never before that of the last step.
        readings : Readings
            Rows of beds and devices are those of the roster.
        acts : sequence
            With positions that interleave with those of the readings.
        claims : sequence of VitalsReported
            The reports behind readings that name a person or a session.

        Returns
        -------
        tuple of effects
            In order of the messages that caused them, then those of the step itself.
        """
        state = self.state
        state.begin_step()
        rows_of_acts = {id(act): _row(state, act) for act in acts}
        state.make_room()
        for some_readings, some_acts in _parts(readings, acts):
            judged, misplaced = self._admitted(some_readings, claims)
            items = (*some_acts, *misplaced)
            rows = [rows_of_acts[id(act)] for act in some_acts]
            rows += [int(one.readings.bed[0]) for one in misplaced]
            for turn in turns(judged, rows, [item.position for item in items]):
                self._take_turn(turn, items, rows)
        tell_due(state, now_ms)
        tell_care_due(state, now_ms)
        return state.effects()

    def view(self, now_ms: int, only: frozenset[str] | None = None) -> WardView:
        """Return a picture of all beds, or of some by their names."""
        return ward_view(self.state, self._why_nots, now_ms, only)

    def remembered(self) -> bytes:
        """Return everything that is remembered between two steps."""
        return remembered(self.state)

    def recall(self, body: bytes) -> None:
        """Bring a fresh ward to where the one was that remembered this.

        Raises
        ------
        SnapshotError
            If the bytes are damaged or of another program; then the ward is as fresh as before.
        """
        recall(self.state, body)

    def configure(self, settings: WardSettings) -> None:
        """Go on under other settings of the same shape, from the next step on.

        Everything that is remembered stays: what was decided under the old settings stands until
        the next reading, act or timer is judged under the new ones.

        Raises
        ------
        SnapshotError
            If what is remembered does not fit these settings; then the old ones stay.
        """
        other = WardState(settings, self.state.unit)
        recall(other, remembered(self.state))
        self.state, self._why_nots = other, WhyNots()

    def hand_over(self, now_ms: int) -> tuple[HandOver, ...]:
        """Return what one shift hands to the next, bed by bed."""
        return hand_over(self.state, now_ms)

    def _admitted(
        self, readings: Readings, claims: Sequence[VitalsReported]
    ) -> tuple[Readings, tuple[Misplaced, ...]]:
        """Return the readings that may be judged, and those of other beds' devices and people.

        The others are counted as late and stored. A reading that claims to be measured after
        it arrived is taken as measured then, so that it cannot outlive those that follow it.
        """
        state = self.state
        if not len(readings):
            return readings, ()
        owner = np.full(len(readings), -1, np.int32)
        known = readings.device >= 0
        owner[known] = state.device_bed[readings.device[known]]
        misplaced = (owner != -1) & (owner != readings.bed)
        first, last = int(readings.position[0]), int(readings.position[-1])
        strange = strange_reports(state, claims, first, last)
        if strange:
            misplaced |= np.isin(readings.position, list(strange))
        tolerance_ms = state.settings.alerts.late_tolerance_ms
        taken_by_hand = (readings.flags & Flag.HAND) != 0
        late = (readings.received_ms - readings.measured_ms > tolerance_ms) & ~taken_by_hand
        late |= (readings.flags & Flag.BACKFILL) != 0
        late &= ~misplaced
        state.outcomes["late-stored"] += int(late.sum())
        here = ~misplaced & ~late
        judged = readings if here.all() else _chosen(readings, here)
        if (judged.measured_ms > judged.received_ms).any():
            measured_ms = np.minimum(judged.measured_ms, judged.received_ms)
            judged = replace(judged, measured_ms=measured_ms)
        if not misplaced.any():
            return judged, ()
        positions = np.unique(readings.position[misplaced]).tolist()
        return judged, tuple(
            Misplaced(
                readings=_chosen(readings, misplaced & (readings.position == position)),
                stranger=strange.get(position),
            )
            for position in positions
        )

    def _quarantine(self, misplaced: Misplaced) -> None:
        """Keep the values of another bed's device, or of another person, out of every decision."""
        state, readings = self.state, misplaced.readings
        bed = state.beds[readings.bed[0]]
        device = list(state.roster.devices)[readings.device[0]]
        owner = owner_elsewhere(state, bed, device)
        if owner is not None:
            reason = f"wrong-bed: {device} belongs to bed {owner.name}, not {bed.name}"
        elif misplaced.stranger is not None:
            reason = f"wrong-person: {device} names {misplaced.stranger[1]}"
        else:
            raise AssertionError("only what is misplaced or strange is kept out")
        for index in range(len(readings)):
            self._tell_kept(readings_row(readings, index), "quarantined", reason, device)
        received_ms = int(readings.received_ms[0])
        if owner is not None:
            since = Onset(received_ms, int(readings.measured_ms[0]))
            tell_misplaced(state, bed, device, misplaced.position, since)
        elif misplaced.stranger is not None:
            note_stranger(bed, *misplaced.stranger)
            tell_technical(state, bed, misplaced.position, received_ms)

    def _tell_kept(
        self, row: tuple[int, int, int, int, int], outcome: Outcome, reason: str, device: str
    ) -> None:
        position, bed_row, channel, value_centi, measured_ms = row
        bed = self.state.beds[bed_row]
        self.state.outcomes[outcome] += 1
        self.state.tell(
            position,
            ReadingsKept(
                at_ms=measured_ms,
                bed=bed.name,
                session=bed.session,
                device=device,
                channel=CHANNEL_NAMES[channel],
                value_centi=value_centi,
                measured_ms=measured_ms,
                outcome=outcome,
                reason=reason,
            ),
        )

    def _take_turn(
        self, turn: Turn, items: Sequence[Item | Misplaced], rows: Sequence[int]
    ) -> None:
        """Take one round: at most one message per bed."""
        state = self.state
        for index in turn.act:
            item = items[index]
            if isinstance(item, Misplaced):
                self._quarantine(item)
            else:
                take_act(state, state.beds[rows[index]], item)
        if turn.readings is None:
            return
        findings = state.detection.take(turn.readings)
        state.shelf.take(state.detection, findings)
        self._count(turn, findings)
        self._hear(turn, findings)
        taking = state.detection.taking_baseline[findings.bed]
        waits = state.advice_waits[findings.bed]
        look = taking | findings.changed | waits | self._unassessed(findings)
        judged = Judged(state, findings.bed[findings.changed])
        for index in np.flatnonzero(look).tolist():
            bed = state.beds[findings.bed[index]]
            position = int(turn.position[index])
            at_ms = int(state.detection.at_ms[bed.row])
            if taking[index]:
                tell_baseline(state, bed, position, at_ms, freeze=False)
            if findings.changed[index]:
                tell_judged(state, bed, position, at_ms, judged)
                continue
            if waits[index]:
                tell_advice(state, bed, position, at_ms)
            if at_ms != NEVER and state.detection.judging[bed.row]:
                tell_grade(state, bed, position, at_ms)

    def _hear(self, turn: Turn, findings: Findings) -> None:
        """Remember which channels were heard: only a value that is believed and new is data."""
        state, at, given = self.state, span(findings.bed), turn.readings
        if given is None:
            return
        heard, before_ms = findings.heard, picked(state.received_ms, at)
        newest_ms = np.maximum(before_ms, turn.received_ms[:, None])
        state.received_ms[at] = np.where(heard, newest_ms, before_ms)
        stamp_ms = picked(state.stamp_ms, at)
        state.stamp_ms[at] = np.where(heard, np.maximum(stamp_ms, given.measured_ms), stamp_ms)
        by_hand = (given.flags & Flag.HAND) != 0
        state.charted[at] = np.where(heard, by_hand, picked(state.charted, at))
        source = picked(state.channel_device, at)
        state.channel_device[at] = np.where(heard, turn.device[:, None], source)
        state.absent_ms[at] = np.where(heard, NEVER, picked(state.absent_ms, at))

    def _unassessed(self, findings: Findings) -> Bool:
        """Beds whose grade was never told or could not be, shape (row,)."""
        at = span(findings.bed)
        judging: Bool = picked(self.state.detection.judging, at)
        return judging & (picked(self.state.told_grade, at) < 0)

    def _count(self, turn: Turn, findings: Findings) -> None:
        """Count every reading of a round, and tell those that were refused."""
        given = turn.readings
        if given is None:
            return
        refused, state = findings.refused, self.state
        limits = state.settings.detection.limits
        state.outcomes["late-stored"] += int(findings.late.sum())
        state.outcomes["duplicate"] += int(findings.resent.sum())
        state.outcomes["accepted"] += int(findings.heard.sum())
        for index, channel in np.argwhere(refused).tolist():
            values_centi = given.value_centi[index].tolist()
            reason = doubt_words(
                limits, int(findings.reason[index, channel]), channel, values_centi
            )
            row = (
                int(turn.position[index]),
                int(findings.bed[index]),
                channel,
                int(given.value_centi[index, channel]),
                int(given.measured_ms[index, channel]),
            )
            self._tell_kept(row, "rejected", reason, "")


def _position(item: Item) -> int:
    return item.position


def _row(state: WardState, act: Item) -> int:
    """Return the row of an act's bed; a refused message makes no bed that is not there."""
    if isinstance(act, MessageRefused | DeviceFound) and act.bed not in state.roster.beds:
        return state.roster.bed(NO_BED)
    return state.roster.bed(act.bed)


def readings_row(readings: Readings, index: int) -> tuple[int, int, int, int, int]:
    """Return position, bed, channel, value and measured time of one reading."""
    return (
        int(readings.position[index]),
        int(readings.bed[index]),
        int(readings.channel[index]),
        int(readings.value_centi[index]),
        int(readings.measured_ms[index]),
    )


def _chosen(readings: Readings, rows: object) -> Readings:
    """Return some rows of the columns."""
    return Readings(
        **{field.name: getattr(readings, field.name)[rows] for field in fields(readings)}
    )


def _parts(readings: Readings, acts: Sequence[Item]) -> Iterator[tuple[Readings, Sequence[Item]]]:
    """Cut a step where a session message may move devices between beds.

    Such a message is a part of its own, because the turns of a part take beds side by side:
    everything before it is taken by the old association of devices, at whichever bed, and
    everything after it by the new one.
    """
    start, first = 0, 0
    for index, act in enumerate(acts):
        if isinstance(act, SessionReported):
            end = int(np.searchsorted(readings.position, act.position))
            yield _chosen(readings, slice(start, end)), acts[first:index]
            yield _chosen(readings, slice(end, end)), (act,)
            start, first = end, index + 1
    yield _chosen(readings, slice(start, None)), acts[first:]
