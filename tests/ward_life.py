"""One bed played at random, and everything looked at after every step.

The machine does what devices and people do (readings good and bad, a pump, symptoms charted and
gone, acknowledgements of the present and of older revisions, steps taken, long silence, sessions
closed and opened with and without a weight) and follows every alert through all it is told.
"""

from dataclasses import replace
from typing import Any, Final

import msgspec
from builders import ward_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from ward_builders import UNIT, act, ms, of, pump, session, status, symptom, vitals, well
from ward_streams import LEVELS, beginning

from detectors.channels import Flag
from monitor.care.alerts import CALLS
from monitor.care.escalation import chain
from monitor.care.ladders import LadderStep
from monitor.care.session import OPEN
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    AdviceChanged,
    AlertChanged,
    AnyEffect,
    GradeChanged,
    Step,
)
from monitor.facts.records import ActVerb, Input, PumpState, StepStatus
from monitor.ward.pictures import REACTION, seen
from monitor.ward.ward import Ward

GAPS_S: Final = st.sampled_from((1, 5, 15, 31, 61))
WEIGHED: Final = ("epinephrine-im", "saline-bolus")

AFTERWARDS: Final = frozenset(
    rung.key
    for ladder in ward_settings().ladders
    for rung in ladder.steps
    if rung.offered == "when-resolved"
)
"""Steps that may be offered when no sign holds any more."""


def weighed_steps() -> dict[str, LadderStep]:
    """Return the steps whose dose is worked out by weight."""
    return {
        step.key: step
        for ladder in ward_settings().ladders
        for step in ladder.steps
        if step.dose is not None and step.dose.key in WEIGHED
    }


class Life(RuleBasedStateMachine):
    """One bed of a ward."""

    def __init__(self) -> None:
        super().__init__()
        self.ward = Ward(ward_settings(), unit=UNIT)
        self.at_s = 0.0
        self.sessions = 0
        self.kg: float | None = None
        self.sent = 0
        self.alerts: dict[str, AlertChanged] = {}
        self.advice_revision = 0
        self.advised: tuple[Step, ...] = ()
        self.weighed = weighed_steps()

    # ------------------------------------------------------------------ what happens

    @initialize(kg=st.sampled_from((None, 70, 30)))
    def begin(self, kg: float | None) -> None:
        self.sessions, self.kg = 1, kg
        for record in beginning("1", kg):
            self.take(record)
        self.at_s = 300.0

    @rule(gap_s=GAPS_S, data=st.data())
    def read(self, gap_s: float, data: st.DataObject) -> None:
        names = data.draw(st.sets(st.sampled_from(("hr", "sbp", "temp", "spo2", "rr"))))
        found: dict[str, Any] = {name: data.draw(st.sampled_from(LEVELS[name])) for name in names}
        if "sbp" in found:
            found["dbp"] = data.draw(st.sampled_from((80, 50)))
        flags = data.draw(st.sampled_from((Flag.NONE, Flag.NONE, Flag.HAND, Flag.QUESTIONABLE)))
        self.at_s += gap_s
        self.take(well(self.at_s, flags=flags, **found))

    @rule(gap_s=GAPS_S, sbp=st.sampled_from((84, 78, 69, 55)))
    def fall(self, gap_s: float, sbp: float) -> None:
        self.at_s += gap_s
        self.take(vitals(self.at_s, sbp=sbp, dbp=sbp - 25))

    @rule(late_s=st.sampled_from((121, 600)), sbp=st.sampled_from((55, 120)))
    def read_late(self, late_s: float, sbp: float) -> None:
        self.take(vitals(self.at_s - late_s, received_s=self.at_s, sbp=sbp, dbp=sbp - 25))

    @rule(
        gap_s=GAPS_S,
        state=st.sampled_from(("infusing", "paused", "stopped", "complete")),
        rate=st.sampled_from((42, 84, 168)),
    )
    def run(self, gap_s: float, state: PumpState, rate: float) -> None:
        self.at_s += gap_s
        self.take(pump(self.at_s, state, rate))

    @rule(
        name=st.sampled_from(("hives", "wheeze", "dizziness", "rigors")),
        present=st.booleans(),
        severity=st.sampled_from(("mild", "moderate", "severe")),
    )
    def chart(self, name: str, severity: str, *, present: bool) -> None:
        self.at_s += 5
        self.take(symptom(self.at_s, name, present=present, severity=severity))

    @precondition(lambda self: self.alerts)
    @rule(
        data=st.data(),
        verb=st.sampled_from(("ack", "ack", "reset")),
        behind=st.sampled_from((None, 0, 0, 1)),
    )
    def acknowledge(self, data: st.DataObject, verb: ActVerb, behind: int | None) -> None:
        alert = data.draw(st.sampled_from(list(self.alerts.values())[-3:]))
        revision = None if behind is None else alert.revision - behind
        self.at_s += 5
        self.take(act(self.at_s, verb, alert=alert.id, revision=revision))

    @precondition(lambda self: self.alerts)
    @rule(
        data=st.data(),
        verb=st.sampled_from(
            (
                "snooze",
                "snooze",
                "unsnooze",
                "pause-audio",
                "hand-back",
                "not-a-reaction",
                "escalate",
            )
        ),
        grade=st.sampled_from((None, 1, 2, 3)),
        for_s=st.sampled_from((None, 40, 300)),
        sign=st.sampled_from(("hypotension", "tachycardia", "skin", "")),
    )
    def attend(
        self, data: st.DataObject, verb: ActVerb, grade: int | None, for_s: int | None, sign: str
    ) -> None:
        alert = data.draw(st.sampled_from(list(self.alerts.values())[-3:]))
        self.at_s += 5
        for_ms = None if for_s is None else 1000 * for_s
        record = act(
            self.at_s, verb, alert=alert.id, sign=sign, grade=grade, for_ms=for_ms, reason="known"
        )
        self.take(replace(record, disbelief="artefact" if verb == "not-a-reaction" else None))

    @rule(
        key=st.sampled_from(("stop", "pause", "flat", "epinephrine", "slow")),
        status=st.sampled_from(("started", "done", "declined")),
    )
    def do(self, key: str, status: StepStatus) -> None:
        self.at_s += 5
        self.take(act(self.at_s, "step", step=key, status=status))

    @rule(online=st.booleans())
    def connect(self, *, online: bool) -> None:
        self.at_s += 1
        self.take(status(self.at_s, online=online))

    @rule(gap_s=st.sampled_from((30, 61, 200, 1300, 8000)))
    def wait(self, gap_s: float) -> None:
        """Nothing comes for a while: no reaction ends and no grade falls."""
        self.at_s += gap_s
        effects = self.ward.take(ms(self.at_s), ())
        for alert in of(AlertChanged, effects):
            if alert.kind == "physiological":
                assert alert.phase == "update", "silence ends nothing"
                before = self.alerts[alert.id]
                assert alert.condition == before.condition
                assert alert.signal != before.signal
                assert alert.signal in {"on", "snoozed"}, "it calls again, or a snooze has words"
        for grade in of(GradeChanged, effects):
            assert (grade.before, grade.grade) == (0, NOT_ASSESSABLE)
        for advice in of(AdviceChanged, effects):
            self.check_waited(advice)
        self.follow(effects)

    @rule(kg=st.sampled_from((None, 70, 30)))
    def another_session(self, kg: float | None) -> None:
        if self.ward.state.beds[0].phase in OPEN:
            self.take(session(self.at_s, "close", id=f"S-{self.sessions}"))
            self.advice_revision = 0
        self.sessions, self.kg = self.sessions + 1, kg
        self.at_s += 60
        self.take(session(self.at_s, id=f"S-{self.sessions}", kg=kg))

    # --------------------------------------------------------------- what must hold

    def take(self, record: Input) -> None:
        self.sent += len(getattr(record, "values", ()))
        self.follow(self.ward.take(record.received_ms, (record,)))

    def follow(self, effects: tuple[AnyEffect, ...]) -> None:
        for effect in effects:
            line = msgspec.json.encode(effect)
            assert msgspec.json.decode(line, type=AnyEffect) == effect
            if isinstance(effect, AlertChanged):
                self.follow_alert(effect)
            if isinstance(effect, AdviceChanged):
                self.follow_advice(effect)

    def follow_alert(self, now: AlertChanged) -> None:
        before = self.alerts.pop(now.id, None)
        self.alerts[now.id] = now
        assert now.reason, "whoever is not told can read why"
        if now.signal == "snoozed":
            assert "snoozed by" in now.reason
            assert now.grade <= ward_settings().alerts.snooze_grade_max
        if before is None:
            assert (now.revision, now.phase) == (1, "start")
            assert now.signal in {"on", "snoozed"}
            return
        assert now.revision == before.revision + 1
        for name in ("session", "bed", "cause", "kind", "onset_ms", "raised_ms"):
            assert getattr(now, name) == getattr(before, name)
        assert before.condition != "ended" or before.signal == "latched", "it was over"
        assert now.condition != "pending" or before.condition == "pending"
        assert now.condition == "ended" or before.condition != "ended"
        assert now.grade_path[: len(before.grade_path)] == before.grade_path
        if before.signal == "acknowledged" and now.signal == "on":
            due = before.realert_ms is not None and ms(self.at_s) >= before.realert_ms
            given_back = now.reason.startswith("handed back by")
            assert now.phase == "escalate" or due or given_back, "silently raised again"
        if before.signal == "snoozed" and now.signal == "on":
            assert now.reason.startswith("not snoozed: ")
        if now.phase == "escalate":
            self.check_worse(before, now)

    def check_waited(self, advice: AdviceChanged) -> None:
        """Time alone opens the next steps, or those after; it takes none away that is offered."""
        (bed,) = self.ward.state.beds
        episode = bed.episodes.get(REACTION)
        if episode is not None and episode.condition in ("active", "recovering"):
            assert advice.why, "it says what opened the next steps"
            before = {step.key for step in self.advised}
            assert before <= {step.key for step in advice.steps}
        else:
            assert bed.course.well_ms is not None

    def check_worse(self, before: AlertChanged, now: AlertChanged) -> None:
        """Something of what is told must have become worse."""
        worst = {row.sign: 0 for row in now.because}
        for row in before.because:
            worst[row.sign] = max(worst.get(row.sign, 0), row.grade)
        assert (
            now.grade > before.grade
            or now.priority != before.priority
            or any(row.grade > worst[row.sign] for row in now.because)
            or now.label != before.label
        )

    def follow_advice(self, now: AdviceChanged) -> None:
        assert now.revision == self.advice_revision + 1
        self.advice_revision = now.revision
        self.advised = now.steps
        for step in now.steps:
            if step.key in self.weighed and self.kg is None:
                assert not any(sign in step.dose for sign in ("mg", "mL"))
                assert "use your local order" in step.dose

    @invariant()
    def an_open_reaction_is_true(self) -> None:
        """Every open physiological alert has a condition in the detection state, and back."""
        if not self.ward.state.beds:
            return
        state, bed = self.ward.state, self.ward.state.beds[0]
        episode = bed.episodes.get(REACTION)
        going = episode is not None and episode.condition != "ended"
        held = episode is not None and episode.held_ms is not None
        assert going is (seen(state, bed).picture is not None or held)
        assert not held or (episode is not None and episode.flaps > 0)
        assert not going or bed.phase in OPEN

    @invariant()
    def what_calls_is_answered_or_told_further(self) -> None:
        """Nobody waits longer than the chain says, up to its failsafe."""
        steps = ward_settings().escalation
        for bed in self.ward.state.beds:
            for episode in bed.episodes.values():
                if episode.signal not in CALLS:
                    assert (episode.calling_ms, episode.level) == (None, 0) or episode.called
                elif episode.calling_ms is not None and episode.picture.kind == "physiological":
                    waited_ms = ms(self.at_s) - episode.calling_ms
                    rows = chain(steps, episode.picture.priority)
                    late = [row for row in rows if waited_ms >= row.after_ms]
                    assert len(late) <= episode.level or episode.held_ms is not None

    @invariant()
    def a_snooze_ends(self) -> None:
        for bed in self.ward.state.beds:
            for snooze in bed.snoozes:
                assert ms(self.at_s) < snooze.until_ms
                assert snooze.until_ms - ms(self.at_s) <= ward_settings().alerts.snooze_max_ms

    @invariant()
    def an_active_reaction_has_advice(self) -> None:
        for bed in self.ward.state.beds:
            episode = bed.episodes.get(REACTION)
            if episode is not None and episode.condition in ("active", "recovering"):
                assert bed.advice is not None
                assert bed.advice.alert == episode.id
                assert bed.advice.steps, "also and above all at grade 4"
                assert bed.advice.grade == episode.picture.grade
            elif bed.advice is not None:
                assert bed.phase in OPEN
                # Where epinephrine came before any reaction, what still runs is to be stopped.
                left = {step.key for step in bed.advice.steps} - AFTERWARDS
                assert left <= ({"stop"} if bed.course.end and not bed.course.begun else set())

    @invariant()
    def what_is_shown_is_what_was_told(self) -> None:
        if not self.ward.state.beds:
            return
        (view,) = self.ward.view(ms(self.at_s)).beds
        for shown in view.alerts:
            told = self.alerts[shown.id]
            assert (shown.signal, shown.condition) == (told.signal, told.condition)
            assert (shown.grade, shown.priority) == (told.grade, told.priority)
        gone = [one for key, one in self.alerts.items() if key not in {a.id for a in view.alerts}]
        assert all(one.condition == "ended" and one.signal == "off" for one in gone)

    @invariant()
    def every_reading_is_counted_once(self) -> None:
        assert sum(self.ward.state.outcomes.values()) == self.sent
