"""Stories about a ward: records with readable defaults, and one bed played step by step.

Times are seconds since the beginning of the story. Whatever a story does not name is
unremarkable: an adult of 70 kg with a heart rate of 80 and a pressure of 120 over 80.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from builders import T0_MS, Number, centi, ward_settings

from detectors.channels import Channel, Flag
from monitor.facts.effects import (
    ActRecorded,
    AdviceChanged,
    AlertChanged,
    AnyEffect,
    GradeChanged,
    SessionChanged,
)
from monitor.facts.records import (
    NO_SEQUENCE,
    Absence,
    AbsenceReason,
    ActTaken,
    ActVerb,
    DeviceBorn,
    DeviceReported,
    Input,
    MessageRefused,
    PumpReported,
    PumpState,
    SessionReported,
    SessionVerb,
    SymptomCharted,
    Value,
    VitalsReported,
)
from monitor.facts.views import BedView
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings

UNIT: Final = "inf-a"
WELL: Final[dict[str, Number]] = {"hr": 80, "sbp": 120, "dbp": 80, "spo2": 98, "rr": 16}
PRODUCT: Final = "gammaplex-10-pi"
"""Steps of 0.3, 0.6, 1.2, 2.4, 3.6 and 4.8 mL/kg/h."""

Some = TypeVar("Some", bound=AnyEffect)


def ms(at_s: float) -> int:
    """Return the time of a second of the story."""
    return T0_MS + round(1000 * at_s)


def _place(at_s: float, bed: str, device: str) -> dict[str, Any]:
    at_ms = ms(at_s)
    return {
        "position": 0,
        "received_ms": at_ms,
        "unit": UNIT,
        "bed": bed,
        "device": device,
        "measured_ms": at_ms,
    }


def vitals(
    at_s: float,
    *,
    bed: str = "1",
    device: str = "",
    received_s: float | None = None,
    sequence: int = NO_SEQUENCE,
    flags: Flag = Flag.NONE,
    absent: Sequence[str] = (),
    why: AbsenceReason = "probe-off",
    **values: Number,
) -> VitalsReported:
    """Return a report of the monitor of a bed: ``vitals(30, sbp=84)``."""
    place = _place(at_s, bed, device or f"mon-{bed}")
    place["received_ms"] = ms(at_s if received_s is None else received_s)
    return VitalsReported(
        **place,
        sequence=sequence,
        boot="b",
        values=tuple(
            Value(
                channel=Channel[name.upper()],
                value_centi=centi(number),
                measured_ms=ms(at_s),
                flags=flags,
            )
            for name, number in values.items()
        ),
        absences=tuple(
            Absence(channel=Channel[name.upper()], why=why, measured_ms=ms(at_s)) for name in absent
        ),
        subject="",
        session="",
        by="",
    )


def well(at_s: float, *, bed: str = "1", **changed: Any) -> VitalsReported:  # noqa: ANN401 - as vitals
    """Return a full report that is unremarkable but for what is named."""
    return vitals(at_s, bed=bed, **{**WELL, **changed})


def pump(
    at_s: float,
    state: PumpState = "infusing",
    rate: Number | None = None,
    *,
    bed: str = "1",
    device: str = "",
) -> PumpReported:
    """Return a report of the pump of a bed; the rate in mL/h."""
    return PumpReported(
        **_place(at_s, bed, device or f"pump-{bed}"),
        sequence=NO_SEQUENCE,
        boot="b",
        state=state,
        rate_centi_ml_per_h=None if rate is None else centi(rate),
        infused_centi_ml=None,
        left_centi_ml=None,
        drug="",
        alarm="",
    )


def symptom(at_s: float, name: str, *, bed: str = "1", **changed: Any) -> SymptomCharted:  # noqa: ANN401 - fields differ
    """Return a symptom that a nurse has charted as present and moderate."""
    usual: dict[str, Any] = {
        **_place(at_s, bed, "desk"),
        "id": f"{name}-{at_s:g}",
        "by": "rn-1",
        "symptom": name,
        "present": True,
        "severity": "moderate",
        "onset_ms": ms(at_s),
    }
    return SymptomCharted(**{**usual, **changed})


def session(
    at_s: float,
    event: SessionVerb = "open",
    *,
    bed: str = "1",
    kg: Number | None = 70,
    **changed: Any,  # noqa: ANN401 - fields differ
) -> SessionReported:
    """Return a session event of an adult, with a monitor and a pump of the bed's own."""
    usual: dict[str, Any] = {
        **_place(at_s, bed, "desk"),
        "id": f"S-{bed}",
        "by": "rn-1",
        "event": event,
        "subject": f"PX-{bed}",
        "product": PRODUCT,
        "dose_centi_g": None,
        "weight_centi_kg": None if kg is None else centi(kg),
        "age_years": 40,
        "age_months": None,
        "first_dose": None,
        "premedication": (),
        "beta_blocker": None,
        "ace_inhibitor": None,
        "devices": (f"mon-{bed}", f"pump-{bed}"),
        "channels": (),
        "reason": "going home" if event == "close" else "",
    }
    return SessionReported(**{**usual, **changed})


def act(at_s: float, verb: ActVerb, *, bed: str = "1", **changed: Any) -> ActTaken:  # noqa: ANN401 - fields differ
    """Return what a nurse did at the station."""
    usual: dict[str, Any] = {
        **_place(at_s, bed, "desk"),
        "id": f"{verb}-{at_s:g}",
        "by": "rn-1",
        "role": "nurse",
        "via": "station",
        "act": verb,
        "alert": "",
        "revision": None,
        "step": "",
        "status": "done" if verb == "step" else None,
        "dose_centi": None,
        "dose_unit": "",
        "reason": "",
    }
    return ActTaken(**{**usual, **changed})


def status(at_s: float, *, online: bool, bed: str = "1", device: str = "mon-1") -> DeviceReported:
    """Return the status of a device, or its last will."""
    return DeviceReported(
        **_place(at_s, bed, device),
        online=online,
        boot="b",
        sequence=NO_SEQUENCE,
        battery_percent=None,
        clock_offset_ms=None,
    )


def birth(at_s: float, *channels: str, bed: str = "1", device: str = "mon-1") -> DeviceBorn:
    """Return the catalogue of a device."""
    return DeviceBorn(
        **_place(at_s, bed, device),
        model="m",
        serial="1",
        channels=tuple(int(Channel[name.upper()]) for name in channels),
        interval_ms=None,
    )


def refused(at_s: float, *, bed: str = "1", reason: str = "not-json") -> MessageRefused:
    """Return a message that could not be decoded."""
    return MessageRefused(
        **_place(at_s, bed, "mon-1"),
        topic=f"irm/v1/{UNIT}/{bed}/mon-1/vitals",
        reason=reason,
        field="",
        value="",
        limit="",
        sha256="00",
        excerpt="",
    )


def numbered(inputs: Iterable[Input]) -> tuple[Input, ...]:
    """Return records with their positions in the order of arrival."""
    return tuple(replace(one, position=position) for position, one in enumerate(inputs))


def of(kind: type[Some], effects: Iterable[AnyEffect], *, bed: str = "") -> list[Some]:
    """Return the effects of one kind, of one bed if it is named."""
    return [one for one in effects if isinstance(one, kind) and bed in ("", one.bed)]


def alerts(effects: Iterable[AnyEffect], kind: str = "physiological") -> list[AlertChanged]:
    """Return the changes of alerts of one kind."""
    return [one for one in of(AlertChanged, effects) if one.kind == kind]


def causes(effects: Iterable[AnyEffect]) -> list[tuple[str, str]]:
    """Return cause and phase of every change of a technical alert."""
    return [(one.cause, one.phase) for one in alerts(effects, "technical")]


def quiet_loop(settings: WardSettings) -> WardSettings:
    """Return settings in which time alone opens no step of mitigation."""
    never_ms = 10**12
    ladders = tuple(
        replace(
            ladder,
            clear_ms=None if ladder.terminal else never_ms,
            steps=tuple(
                step if step.recheck_ms is None else replace(step, recheck_ms=never_ms)
                for step in ladder.steps
            ),
        )
        for ladder in settings.ladders
    )
    times = replace(settings.mitigation.times, unanswered_ms=never_ms)
    return replace(settings, ladders=ladders, mitigation=replace(settings.mitigation, times=times))


def quiet_clocks(settings: WardSettings) -> WardSettings:
    """Return settings in which nothing is due by time alone."""
    never_ms = 10**12
    silence, life = settings.silence, settings.alerts
    never_due = [
        replace(row, late_ms=never_ms, overdue_ms=2 * never_ms) for row in settings.schedule.rows
    ]
    return replace(
        quiet_loop(settings),
        windows=tuple(replace(row, lasts_ms=never_ms) for row in settings.windows),
        schedule=replace(settings.schedule, rows=tuple(never_due)),
        silence=replace(
            silence,
            stale_ms=silence.stale_ms * 0 + never_ms,
            charted_stale_ms=silence.charted_stale_ms * 0 + never_ms,
            absent_after_ms=never_ms,
        ),
        alerts=replace(
            life,
            realert_high_ms=never_ms,
            realert_medium_ms=never_ms,
            device_silent_after_ms=never_ms,
            never_heard_after_ms=never_ms,
            flap_count=10**6,
            unsteady_after_ms=never_ms,
        ),
        escalation=(),
        hearing=replace(settings.hearing, trouble_forgotten_ms=never_ms),
    )


@dataclass(slots=True)
class Play:
    """One ward, told as a story: every line is one step, made when its newest record came."""

    ward: Ward = field(default_factory=lambda: Ward(ward_settings(), unit=UNIT))
    now_ms: int = T0_MS
    told: list[AnyEffect] = field(default_factory=list)

    def take(self, *inputs: Input) -> tuple[AnyEffect, ...]:
        """Make one step of some records and return what it told."""
        self.now_ms = max(self.now_ms, *(one.received_ms for one in inputs))
        effects = self.ward.take(self.now_ms, numbered(inputs))
        self.told += effects
        return effects

    def wait(self, until_s: float) -> tuple[AnyEffect, ...]:
        """Make one step in which nothing came and return what it told."""
        self.now_ms = ms(until_s)
        effects = self.ward.take(self.now_ms, ())
        self.told += effects
        return effects

    def read(self, at_s: float, **values: Any) -> tuple[AnyEffect, ...]:  # noqa: ANN401 - as vitals
        """Make one step of one report."""
        return self.take(vitals(at_s, **values))

    def well(self, at_s: float, **values: Any) -> tuple[AnyEffect, ...]:  # noqa: ANN401 - as vitals
        """Make one step of a full report that is unremarkable but for what is named."""
        return self.take(well(at_s, **values))

    def view(self, bed: str = "1") -> BedView:
        """Return the picture of one bed as it is now."""
        return next(one for one in self.ward.view(self.now_ms).beds if one.bed == bed)

    @property
    def alert(self) -> AlertChanged:
        """The last change of a physiological alert."""
        return alerts(self.told)[-1]

    @property
    def advice(self) -> AdviceChanged:
        """The last change of the advice."""
        return of(AdviceChanged, self.told)[-1]

    @property
    def grade(self) -> GradeChanged:
        """The last change of the grade."""
        return of(GradeChanged, self.told)[-1]

    @property
    def phase(self) -> SessionChanged:
        """The last session event."""
        return of(SessionChanged, self.told)[-1]

    @property
    def steps(self) -> dict[str, str]:
        """State of every step of the advice as it was last told, by key."""
        return {step.key: step.state for step in self.advice.steps}


def opened(*, bed: str = "1", settings: WardSettings | None = None, **changed: Any) -> Play:  # noqa: ANN401 - as session
    """Return a ward in which a session was opened at second 0."""
    play = Play(Ward(settings or ward_settings(), unit=UNIT))
    play.take(session(0, bed=bed, **changed))
    return play


def infusing(*, rate: Number = 168, **changed: Any) -> Play:  # noqa: ANN401 - as session
    """Return a ward with an established baseline whose infusion started at second 300."""
    play = opened(**changed)
    bed = changed.get("bed", "1")
    for at_s in range(60, 301, 60):
        play.read(at_s, bed=bed, temp=36.8, **WELL)
    play.take(pump(300, "infusing", rate, bed=bed))
    return play


def hypotensive(**changed: Any) -> Play:  # noqa: ANN401 - as session
    """Return a ward in which a pressure of 84 was confirmed at second 360: grade 2."""
    play = infusing(**changed)
    play.read(330, sbp=84, dbp=55)
    play.read(360, sbp=84, dbp=55)
    return play


def anaphylactic(**changed: Any) -> Play:  # noqa: ANN401 - as session
    """Return a ward in which hives and a pressure of 84 make a reaction of grade 3."""
    play = infusing(**changed)
    play.take(symptom(320, "hives"))
    play.well(330, sbp=84, dbp=55)
    return play


def acknowledge(play: Play, at_s: float, verb: ActVerb = "ack", **changed: Any) -> ActRecorded:  # noqa: ANN401 - as act
    """Acknowledge the reaction as it stands and return what was recorded."""
    effects = play.take(act(at_s, verb, **{"alert": play.alert.id, **changed}))
    return of(ActRecorded, effects)[0]
