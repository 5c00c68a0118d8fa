"""Every stored message decodes to its stored record, and what senders encode comes back."""

import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from wire import BED, DEVICE, INBOUND, RECEIVED_MS, UNIT, as_json, golden_inbound, raw, taken

from detectors.channels import CENTI, CHANNEL_NAMES, Channel, Flag
from monitor.facts.records import (
    NO_SEQUENCE,
    Absence,
    AbsenceReason,
    ActTaken,
    ActVerb,
    DeviceBorn,
    DeviceReported,
    DrugGiven,
    MessageRefused,
    PumpReported,
    PumpState,
    SessionReported,
    SessionVerb,
    Severity,
    StepStatus,
    SymptomCharted,
    Value,
    VitalsReported,
)
from monitor.wire.messages import (
    SUBSCRIPTIONS,
    ActPayload,
    BirthPayload,
    HandVitalsPayload,
    Payload,
    PositiveQuantity,
    PremedPayload,
    PumpPayload,
    Quantity,
    SessionPayload,
    StatusPayload,
    SymptomPayload,
    VitalsPayload,
    VitalValue,
    absent,
    decode,
    encode,
    encode_vitals,
    milliseconds,
    stamp,
    vital,
)
from monitor.wire.payloads import ChannelName
from monitor.wire.topics import KINDS

GOLDEN = golden_inbound()
NOW = stamp(RECEIVED_MS)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_stored_message_gives_its_stored_record(name: str) -> None:
    kind, payload = GOLDEN[name]
    expected = json.loads((INBOUND / f"{name}.record.json").read_text())
    assert json.loads(json.dumps(as_json(taken(kind, payload)))) == expected


def test_every_kind_and_every_word_of_session_act_and_step_has_a_stored_message() -> None:
    assert {kind for kind, _ in GOLDEN.values()} == set(KINDS)
    payloads = [json.loads(payload) for _, payload in GOLDEN.values()]
    assert {payload.get("event") for payload in payloads} >= set(get_args(SessionVerb))
    assert {payload.get("act") for payload in payloads} >= set(get_args(ActVerb))
    assert {payload.get("status") for payload in payloads} >= set(get_args(StepStatus))


def test_every_stored_record_belongs_to_a_message() -> None:
    stored = {path.name.removesuffix(".record.json") for path in INBOUND.glob("*.record.json")}
    assert stored == set(GOLDEN)


def place(measured_ms: int) -> dict[str, Any]:
    return {
        "position": 3,
        "received_ms": RECEIVED_MS,
        "unit": UNIT,
        "bed": BED,
        "device": DEVICE,
        "measured_ms": measured_ms,
    }


def test_encoded_vitals_come_back() -> None:
    values_centi = {Channel.HR: 8800, Channel.TEMP: 3740, Channel.SPO2: 9710}
    payload = encode_vitals(
        sequence=9,
        measured_ms=RECEIVED_MS - 1500,
        values_centi=values_centi,
        absences={Channel.RR: "motion"},
        boot="b",
        subject="PX-1",
        session="S-1",
    )
    measured_ms = RECEIVED_MS - 1500
    assert taken("vitals", payload) == VitalsReported(
        **place(measured_ms),
        sequence=9,
        boot="b",
        values=tuple(
            Value(channel=channel, value_centi=value_centi, measured_ms=measured_ms, flags=0)
            for channel, value_centi in values_centi.items()
        ),
        absences=(Absence(channel=Channel.RR, why="motion", measured_ms=measured_ms),),
        subject="PX-1",
        session="S-1",
        by="",
    )


def test_a_decoded_value_is_a_whole_record() -> None:
    record = taken("vitals", encode(VitalsPayload(seq=1, t=NOW, values=(vital(0, 7200),))))
    assert isinstance(record, VitalsReported)
    (value,) = record.values
    assert hash(value) == hash(replace(value))
    with pytest.raises(AttributeError):
        value.value_centi = 0  # type: ignore[misc]  # a record is frozen


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("value_centi", [0, 1, -250, 3740, 9999, 12000])
def test_any_value_of_any_channel_comes_back(channel: Channel, value_centi: int) -> None:
    payload = VitalsPayload(seq=1, t=NOW, values=(vital(channel, value_centi),))
    record = taken("vitals", encode(payload))
    assert isinstance(record, VitalsReported)
    assert [(value.channel, value.value_centi) for value in record.values] == [
        (channel, value_centi)
    ]


@pytest.mark.parametrize("why", get_args(AbsenceReason))
def test_a_number_with_a_reason_against_it_is_an_absence(why: AbsenceReason) -> None:
    spoken = VitalValue(ch="hr", v=190, u="/min", why=why)
    for item in (spoken, absent(Channel.HR, why)):
        record = taken("vitals", encode(VitalsPayload(seq=1, t=NOW, values=(item,))))
        assert isinstance(record, VitalsReported)
        assert record.values == ()
        assert [(gone.channel, gone.why) for gone in record.absences] == [(Channel.HR, why)]


def test_flags_say_who_doubted_repeated_stored_and_took_a_value() -> None:
    item = vital(Channel.SBP, 8200, q="questionable", stat=True)
    doubted = Flag.QUESTIONABLE | Flag.STAT
    by_hand = HandVitalsPayload(id="o", t=NOW, by="ka", values=(item,))
    by_device = VitalsPayload(seq=1, t=NOW, values=(item,))
    for kind, payload, flags in (
        ("vitals", encode(by_device), doubted),
        ("backfill", encode(by_device), doubted | Flag.BACKFILL),
        ("obs", encode(by_hand), doubted | Flag.HAND),
    ):
        record = taken(kind, payload)
        assert isinstance(record, VitalsReported)
        assert [value.flags for value in record.values] == [flags]
        assert type(record.values[0].flags) is int


def test_encoded_hand_vitals_come_back_without_a_sequence() -> None:
    payload = HandVitalsPayload(id="o", t=NOW, by="ka", values=(vital(0, 7200),), session="S-1")
    record = taken("obs", encode(payload))
    assert isinstance(record, VitalsReported)
    assert (record.sequence, record.by, record.session) == (NO_SEQUENCE, "ka", "S-1")


@pytest.mark.parametrize("state", get_args(PumpState))
def test_an_encoded_pump_comes_back(state: PumpState) -> None:
    payload = PumpPayload(
        seq=4,
        t=NOW,
        state=state,
        rate=Quantity(v=120.25, u="mL/h"),
        left=Quantity(v=0, u="mL"),
        drug="ivig-10",
        alarm="air in line",
    )
    assert taken("pump", encode(payload)) == PumpReported(
        **place(RECEIVED_MS),
        sequence=4,
        boot="",
        state=state,
        rate_centi_ml_per_h=12025,
        infused_centi_ml=None,
        left_centi_ml=0,
        drug="ivig-10",
        alarm="air in line",
    )


@pytest.mark.parametrize("severity", get_args(Severity))
def test_an_encoded_symptom_comes_back_without_its_note(severity: Severity) -> None:
    payload = SymptomPayload(
        id="o",
        t=NOW,
        by="ka",
        symptom="wheeze",
        present=True,
        severity=severity,
        onset=stamp(RECEIVED_MS - 60_000),
        note="free text",
    )
    assert taken("obs", encode(payload)) == SymptomCharted(
        **place(RECEIVED_MS),
        id="o",
        by="ka",
        symptom="wheeze",
        present=True,
        severity=severity,
        onset_ms=RECEIVED_MS - 60_000,
    )


def test_an_encoded_session_comes_back() -> None:
    names: tuple[ChannelName, ...] = get_args(ChannelName)
    payload = SessionPayload(
        id="S-1",
        t=NOW,
        by="ka",
        event="open",
        subject="PX-1",
        product="ivig-10",
        dose=PositiveQuantity(v=35, u="g"),
        weight=PositiveQuantity(v=100, u="[lb_av]"),
        age_years=0,
        age_months=None,
        first_dose=False,
        premed=(
            "a",
            PremedPayload(
                drug="b", t=stamp(RECEIVED_MS - 60_000), dose=PositiveQuantity(v=4, u="mg")
            ),
        ),
        beta_blocker=True,
        devices=("mon-17",),
        channels=names,
    )
    assert taken("session", encode(payload)) == SessionReported(
        **place(RECEIVED_MS),
        id="S-1",
        by="ka",
        event="open",
        subject="PX-1",
        product="ivig-10",
        dose_centi_g=35 * CENTI,
        weight_centi_kg=4536,
        age_years=0,
        age_months=None,
        first_dose=False,
        premedication=(
            DrugGiven(drug="a"),
            DrugGiven(drug="b", at_ms=RECEIVED_MS - 60_000, dose_centi=400, dose_unit="mg"),
        ),
        beta_blocker=True,
        ace_inhibitor=None,
        devices=("mon-17",),
        channels=tuple(Channel),
    )
    assert names == CHANNEL_NAMES


@pytest.mark.parametrize("status", get_args(StepStatus))
def test_an_encoded_act_comes_back(status: StepStatus) -> None:
    payload = ActPayload(
        id="a",
        t=NOW,
        by="ka",
        role="rn",
        via="station-2",
        act="step",
        rev=2,
        step="epinephrine-im",
        status=status,
        dose=PositiveQuantity(v=0.15, u="mg"),
        reason="said so",
    )
    assert taken("act", encode(payload)) == ActTaken(
        **place(RECEIVED_MS),
        id="a",
        by="ka",
        role="rn",
        via="station-2",
        act="step",
        alert="",
        revision=2,
        step="epinephrine-im",
        status=status,
        dose_centi=15,
        dose_unit="mg",
        reason="said so",
    )


def test_an_encoded_status_and_birth_come_back() -> None:
    status = StatusPayload(state="offline", t=NOW, boot="b", battery=0)
    assert taken("status", encode(status)) == DeviceReported(
        **place(RECEIVED_MS),
        online=False,
        boot="b",
        sequence=NO_SEQUENCE,
        battery_percent=0,
        clock_offset_ms=None,
    )
    birth = BirthPayload(t=NOW, model="m", serial="s", channels=("hr", "map"), interval_s=0.5)
    assert taken("birth", encode(birth)) == DeviceBorn(
        **place(RECEIVED_MS),
        model="m",
        serial="s",
        channels=(Channel.HR, Channel.MAP),
        interval_ms=500,
    )


def at(kind: str, measured_ms: int) -> bytes:
    payloads: dict[str, Payload] = {
        "vitals": VitalsPayload(seq=1, t=stamp(measured_ms), values=(vital(0, 7200),)),
        "status": StatusPayload(state="online", t=stamp(measured_ms), boot="b"),
        "birth": BirthPayload(t=stamp(measured_ms), model="m", serial="s", channels=()),
        "session": SessionPayload(id="S-1", t=stamp(measured_ms), by="ka", event="start"),
    }
    return encode(payloads["vitals" if kind == "backfill" else kind])


HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("kind", "oldest_ms"), [("vitals", 24 * HOUR_MS), ("backfill", 7 * 24 * HOUR_MS)]
)
def test_a_stamp_may_lie_a_minute_ahead_and_a_day_or_week_behind(kind: str, oldest_ms: int) -> None:
    for late_ms in (-60_000, 0, oldest_ms):
        assert taken(kind, at(kind, RECEIVED_MS - late_ms)).measured_ms == RECEIVED_MS - late_ms
    ahead = taken(kind, at(kind, RECEIVED_MS + 60_001))
    behind = taken(kind, at(kind, RECEIVED_MS - oldest_ms - 1))
    assert isinstance(ahead, MessageRefused)
    assert isinstance(behind, MessageRefused)
    assert (ahead.reason, behind.reason) == ("future-stamp", "ancient-stamp")


@pytest.mark.parametrize("kind", ["status", "birth", "session"])
def test_what_a_broker_kept_for_weeks_is_still_news(kind: str) -> None:
    measured_ms = RECEIVED_MS - 60 * 24 * HOUR_MS
    record = decode(raw(kind, at(kind, measured_ms), retained=True), position=0)
    assert not isinstance(record, MessageRefused)
    assert record.measured_ms == measured_ms


def test_a_last_will_is_as_old_as_its_connection() -> None:
    measured_ms = RECEIVED_MS - 60 * 24 * HOUR_MS
    assert isinstance(taken("status", at("status", measured_ms)), DeviceReported)


def test_of_a_key_written_twice_the_last_one_counts() -> None:
    payload = at("vitals", RECEIVED_MS).replace(b'{"seq":1', b'{"seq":"?","seq":2')
    refused = taken("vitals", payload)
    assert isinstance(refused, MessageRefused)
    assert refused.field == "seq"
    record = taken("vitals", payload.replace(b'"?"', b"1"))
    assert isinstance(record, VitalsReported)
    assert record.sequence == 2


def test_milliseconds_are_rounded_down_on_both_sides_of_the_epoch() -> None:
    for at_ms in (-1, 0, 1, RECEIVED_MS):
        assert milliseconds(stamp(at_ms)) == at_ms
    assert milliseconds(stamp(0).replace(microsecond=999)) == 0


def test_a_monitor_hears_every_kind_of_device_and_never_everything() -> None:
    filters = SUBSCRIPTIONS("inf-a")
    assert filters == tuple(f"irm/v1/inf-a/+/+/{kind}" for kind in KINDS)
    assert not any("#" in name for name in filters)
