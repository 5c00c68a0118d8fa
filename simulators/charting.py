"""What the pump of a chair reports and what its nurse enters on the tablet.

The nurse follows a script: opens the session, starts the baseline and the infusion, charts the
signs of the reaction, takes temperatures by hand after shivering, and moves the pump at fixed
times. Alerts are not acknowledged here, because their ids are the monitor's to give.
"""

import heapq
from collections.abc import Iterator
from operator import itemgetter
from typing import Final

import numpy as np

from detectors.channels import CENTI, Channel
from monitor.facts.records import SessionVerb
from monitor.wire.payloads import (
    HandVitalsPayload,
    Payload,
    PositiveQuantity,
    PumpPayload,
    Quantity,
    SessionPayload,
    SymptomPayload,
    stamp,
    vital,
)
from simulators.chairs import CHANNELS, Chair, Sent
from simulators.devices import temperature_readings
from simulators.infusion import Rung, infused_ml_per_kg
from simulators.reactions import Sign

REPORT_EVERY_S: Final = 30
BASELINE_AFTER_S: Final = 30
NOTICED_BEFORE_S: Final = 20
"""A sign is charted this long after it was noticed."""

FEVER_CEL: Final = 1.0
HAND_TEMPERATURE_EVERY_S: Final = 300
NURSES: Final = ("ka", "mb", "jt", "os")

LEAVES_BECAUSE: Final = "watched for an hour; told what to look for at home"

Entry = tuple[int, str, Payload]


def pump_messages(here: Chair) -> Iterator[Sent]:
    """Yield every report of the pump: each change and every half minute between."""
    device = here.device("pump")
    phase_ms = int(here.generator("pump-phase").integers(200, 1000))
    yield from here.greetings(
        device, model="sim-pump", channels=(), interval_s=float(REPORT_EVERY_S)
    )
    changes = {rung.at_s for rung in here.staircase}
    regular = range(REPORT_EVERY_S, here.reporting_s, REPORT_EVERY_S)
    idle = Rung(at_s=0, state="idle", rate_ml_per_kg_h=0.0, reason="idle")
    for sequence, second in enumerate(sorted(changes | set(regular))):
        if second >= here.reporting_s:
            break
        rung = next((rung for rung in reversed(here.staircase) if rung.at_s <= second), idle)
        at_ms = here.at_ms(second, phase_ms)
        report = _pump_report(here, rung, second, sequence, at_ms, here.boot(device))
        yield here.sent(at_ms, device, "pump", report)
    yield from here.farewell(device)


def _pump_report(
    here: Chair, rung: Rung, second: int, sequence: int, at_ms: int, boot: str
) -> PumpPayload:
    weight_kg = here.who.weight_kg
    infused_ml = round(infused_ml_per_kg(here.staircase, second) * weight_kg, 1)
    return PumpPayload(
        seq=sequence,
        t=stamp(at_ms),
        state=rung.state,
        boot=boot,
        rate=Quantity(v=round(rung.rate_ml_per_kg_h * weight_kg, 1), u="mL/h"),
        infused=Quantity(v=infused_ml, u="mL"),
        left=Quantity(v=max(round(here.volume_ml - infused_ml, 1), 0.0), u="mL"),
        drug=here.product,
        channel="A",
        reason=rung.reason if second == rung.at_s else "periodic",
    )


def tablet_messages(here: Chair) -> Iterator[Sent]:
    """Yield everything that the nurse enters at a chair, in order of time."""
    device = here.device("tab")
    yield from here.greetings(device, model="sim-tablet", channels=(), interval_s=60.0)
    nurse = str(here.generator("nurse").choice(NURSES))
    entries = heapq.merge(
        _session_entries(here, nurse),
        _sign_entries(here, nurse),
        _temperature_entries(here, nurse),
        key=itemgetter(0),
    )
    for second, kind, payload in entries:
        if second >= here.seconds or second > here.reporting_s:
            break
        yield here.sent(here.at_ms(second), device, kind, payload)
    yield from here.farewell(device)


def _session_entries(here: Chair, nurse: str) -> Iterator[Entry]:
    events: list[tuple[int, SessionVerb]] = [
        (BASELINE_AFTER_S, "baseline"),
        (here.plan.start_s, "start"),
    ]
    if here.ended_s is not None:
        verb: SessionVerb = "stop" if here.staircase[-1].state == "stopped" else "complete"
        events.append((here.ended_s, verb))
    if here.closed_s is not None:
        events.append((here.closed_s, "close"))
    # After the devices have said what they are, so that the session can name them.
    yield 1, "session", _opening(here, nurse)
    for second, event in events:
        yield (
            second,
            "session",
            SessionPayload(
                id=here.session,
                t=stamp(here.at_ms(second)),
                by=nurse,
                event=event,
                subject=here.who.subject,
                reason=LEAVES_BECAUSE if event == "close" else None,
            ),
        )


def _opening(here: Chair, nurse: str) -> SessionPayload:
    draws = here.generator("history")
    return SessionPayload(
        id=here.session,
        t=stamp(here.at_ms(1)),
        by=nurse,
        event="open",
        subject=here.who.subject,
        product=here.product,
        dose=PositiveQuantity(v=round(here.plan.dose_g_per_kg * here.who.weight_kg, 1), u="g"),
        weight=PositiveQuantity(v=here.who.weight_kg, u="kg"),
        age_years=here.who.age_years,
        first_dose=bool(draws.random() < FIRST_DOSE_SHARE),
        premed=("paracetamol-1g",) if draws.random() < PREMEDICATED_SHARE else (),
        beta_blocker=False,
        # The kinin reaction that the hypotensive picture stands for belongs to ACE inhibitors.
        ace_inhibitor=here.plan.reaction == "hypotensive",
        devices=tuple(here.device(kind) for kind in ("mon", "pump", "tab")),
        channels=CHANNELS,
    )


FIRST_DOSE_SHARE: Final = 0.2
PREMEDICATED_SHARE: Final = 0.5


def _sign_entries(here: Chair, nurse: str) -> Iterator[Entry]:
    charted = [
        (here.plan.reaction_s + after_s, sign, is_present)
        for sign in here.picture.signs
        for after_s, is_present in ((sign.after_s, True), (sign.gone_s, False))
    ]
    for number, (second, sign, is_present) in enumerate(sorted(charted, key=itemgetter(0))):
        yield second, "obs", _sign(here, nurse, number, second, sign, is_present=is_present)


def _sign(
    here: Chair, nurse: str, number: int, second: int, sign: Sign, *, is_present: bool
) -> SymptomPayload:
    return SymptomPayload(
        id=f"{here.session}-sign-{number}",
        t=stamp(here.at_ms(second)),
        by=nurse,
        symptom=sign.symptom,
        present=is_present,
        severity=sign.severity,
        onset=stamp(here.at_ms(second - NOTICED_BEFORE_S)) if is_present else None,
    )


def _temperature_entries(here: Chair, nurse: str) -> Iterator[Entry]:
    picture = here.picture
    is_febrile = any(
        limb.channel == Channel.TEMP and limb.extreme >= FEVER_CEL for limb in picture.limbs
    )
    if not is_febrile:
        return
    first_s = here.plan.reaction_s + picture.signs[0].after_s + HAND_TEMPERATURE_EVERY_S
    at_s = np.arange(first_s, here.reporting_s, HAND_TEMPERATURE_EVERY_S)
    readings = temperature_readings(
        here.course, [int(second) for second in at_s], here.generator("hand-thermometer")
    )
    for number, reading in enumerate(readings):
        yield (
            reading.at_s,
            "obs",
            HandVitalsPayload(
                id=f"{here.session}-temp-{number}",
                t=stamp(here.at_ms(reading.at_s)),
                by=nurse,
                values=(vital(Channel.TEMP, round(reading.temp_cel * CENTI)),),
                subject=here.who.subject,
                session=here.session,
            ),
        )
