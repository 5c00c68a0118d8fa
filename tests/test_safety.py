"""The requirements of SAFETY.md, each proven on the whole core with a recorded reaction.

The story is a person who develops anaphylaxis ten minutes into an infusion. Every test changes
one thing about the story (data stop, garbage arrives, another year, nobody was weighed) and
looks at what leaves the ward.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import pytest

from monitor.adapters.recording import read_header, read_recording
from monitor.care.ladders import dose_text
from monitor.facts.effects import AdviceChanged, AlertChanged, AnyEffect, MessageRejected
from monitor.facts.records import RawMessage, RecordedStep
from monitor.replay import replay
from monitor.settings.settings import Settings, load_settings
from monitor.ward.ward import Ward
from monitor.wire.announcements import announcements
from monitor.wire.outbound import NOTICE
from monitor.wire.topics import KINDS, NOBODY, OUTBOUND_KINDS

HERE = Path(__file__).resolve().parent
STORY = HERE / "replay" / "recordings" / "anaphylaxis.jsonl.gz"
UNIT = read_header(STORY).unit

Story = tuple[RecordedStep, ...]

MEASUREMENTS: Final = ("/vitals", "/obs")
STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
GARBAGE: Final = (
    b"",
    b"\x00\xff\xfe",
    b"{",
    b"null",
    b'{"seq":1,"t":"2026-11-24T10:00:00Z","values":[{"ch":"hr","v":NaN,"u":"/min"}]}',
    b'{"seq":2,"t":"2026-11-24T10:00:00Z","values":[{"ch":"hr","v":"81","u":"/min"}]}',
    b'{"seq":3,"t":"2999-01-01T00:00:00Z","values":[{"ch":"hr","v":40,"u":"/min"}]}',
    b"[" * 5000,
    b'"' + b"x" * 9000 + b'"',
)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(HERE.parent / "config")


@pytest.fixture(scope="module")
def story() -> Story:
    return tuple(read_recording(STORY))


@pytest.fixture(scope="module")
def told(story: Story, settings: Settings) -> tuple[AnyEffect, ...]:
    return effects_of(story, Ward(settings.ward, unit=UNIT))


def effects_of(steps: Iterable[RecordedStep], ward: Ward) -> tuple[AnyEffect, ...]:
    return tuple(effect for _, effects in replay(steps, ward) for effect in effects)


def physiological(effects: Iterable[AnyEffect]) -> list[AlertChanged]:
    return [
        effect
        for effect in effects
        if isinstance(effect, AlertChanged) and effect.kind == "physiological"
    ]


def advice(effects: Iterable[AnyEffect]) -> list[AdviceChanged]:
    return [effect for effect in effects if isinstance(effect, AdviceChanged) and effect.steps]


def with_messages(
    steps: Story, change: "dict[int, tuple[RawMessage, ...]]"
) -> tuple[RecordedStep, ...]:
    """Return the steps with the messages of some of them replaced."""
    return tuple(
        replace(step, messages=change.get(n, step.messages)) for n, step in enumerate(steps)
    )


def test_it_publishes_nothing_that_a_pump_could_obey(told: tuple[AnyEffect, ...]) -> None:
    said = announcements(told, unit=UNIT)
    levels = [announcement.topic.split("/") for announcement in said]
    kinds = Counter(level for topic in levels for level in topic if level in OUTBOUND_KINDS)
    assert kinds["alert"] > 1
    assert kinds["advice"] > 1
    assert all(topic[4] == NOBODY for topic in levels), "no message names a device"
    assert all(not set(KINDS) & set(topic[5:]) for topic in levels)
    payloads = [announcement.payload for announcement in said if announcement.payload]
    assert all(NOTICE.encode() in payload for payload in payloads)


def test_silence_ends_no_alert_and_is_told(story: Story, settings: Settings) -> None:
    ward = Ward(settings.ward, unit=UNIT)
    raised = next(
        n
        for n, (_, effects) in enumerate(replay(story, ward))
        if any(alert.grade >= 3 for alert in physiological(effects))
    )
    silent = {
        n: tuple(raw for raw in step.messages if not raw.topic.endswith(MEASUREMENTS))
        for n, step in enumerate(story)
        if n > raised
    }
    assert story[-1].now_ms - story[raised].now_ms > 15 * 60_000

    told = effects_of(with_messages(story, silent), Ward(settings.ward, unit=UNIT))

    after = [effect for effect in told if effect.at_ms > story[raised].now_ms]
    last = physiological(told)[-1]
    assert last.condition == "active"
    assert last.grade >= 3
    missing = [
        effect
        for effect in after
        if isinstance(effect, AlertChanged) and effect.kind == "technical"
    ]
    assert missing
    assert all(alert.phase != "end" for alert in physiological(told))


def moved(raw: RawMessage, by: timedelta) -> RawMessage:
    """Return a message as it would have been sent at another time."""

    def stamp(found: re.Match[bytes]) -> bytes:
        then = datetime.fromisoformat(found.group().decode()).astimezone(UTC) + by
        text = then.isoformat(timespec="milliseconds" if b"." in found.group() else "seconds")
        return text.replace("+00:00", "Z").encode()

    shift_ms = by // timedelta(milliseconds=1)
    return replace(
        raw, received_ms=raw.received_ms + shift_ms, payload=STAMP.sub(stamp, raw.payload)
    )


@pytest.mark.parametrize("by", [timedelta(seconds=1), timedelta(days=38, hours=13, seconds=59)])
def test_the_date_changes_nothing(
    story: Story, told: tuple[AnyEffect, ...], settings: Settings, by: timedelta
) -> None:
    shift_ms = by // timedelta(milliseconds=1)
    later = tuple(
        RecordedStep(
            now_ms=step.now_ms + shift_ms, messages=tuple(moved(raw, by) for raw in step.messages)
        )
        for step in story
    )

    told_later = effects_of(later, Ward(settings.ward, unit=UNIT))

    def essence(effect: AnyEffect, shift_ms: int) -> tuple[object, ...]:
        about: tuple[object, ...] = ()
        if isinstance(effect, AlertChanged):
            about = (effect.phase, effect.cause, effect.pattern, effect.grade, effect.label)
        if isinstance(effect, AdviceChanged):
            about = tuple((step.key, step.words, step.dose, step.state) for step in effect.steps)
        return (type(effect), effect.at_ms - shift_ms, effect.bed, *about)

    assert [essence(e, shift_ms) for e in told_later] == [essence(e, 0) for e in told]


def test_every_reading_is_accounted_for(story: Story, settings: Settings) -> None:
    doubled = with_messages(
        story, {n: step.messages * 2 for n, step in enumerate(story) if n % 7 == 0}
    )
    sent = 0
    for step in doubled:
        for raw in step.messages:
            if raw.topic.endswith(MEASUREMENTS):
                values = msgspec.json.decode(raw.payload).get("values", [])
                sent += sum(1 for value in values if value.get("v") is not None)
    ward = Ward(settings.ward, unit=UNIT)

    effects_of(doubled, ward)

    outcomes = dict(ward.view(doubled[-1].now_ms).outcomes)
    assert outcomes.pop("refused messages") == 0
    assert outcomes["duplicate"] > 0
    assert sum(outcomes.values()) == sent


def test_garbage_is_refused_and_the_others_are_served(
    story: Story, told: tuple[AnyEffect, ...], settings: Settings
) -> None:
    source = next(raw for step in story for raw in step.messages if raw.topic.endswith("/vitals"))
    littered = with_messages(
        story,
        {
            n: tuple(
                RawMessage(received_ms=step.now_ms, topic=topic, payload=payload)
                for payload in GARBAGE
                for topic in (source.topic, "irm/v1", "irm/v1/+/#/../vitals")
            )
            + step.messages
            for n, step in enumerate(story)
            if n % 60 == 0
        },
    )

    found = effects_of(littered, Ward(settings.ward, unit=UNIT))

    refused = [effect for effect in found if isinstance(effect, MessageRejected)]
    assert {effect.reason for effect in refused} >= {
        "unknown-topic", "not-utf8", "not-json", "not-finite", "quoted-number", "future-stamp",
        "oversized",
    }  # fmt: skip
    assert physiological(found) == physiological(told)
    assert advice(found) == advice(told)


def test_no_dose_is_worked_out_without_a_weight(
    told: tuple[AnyEffect, ...], settings: Settings
) -> None:
    doses = [
        step.dose
        for ladder in settings.ward.ladders
        for step in ladder.steps
        if step.dose is not None and step.dose.per_kg_milli is not None
    ]
    assert doses
    for dose in doses:
        decision = dose_text(dose, weight_centi_kg=None, age_years=40)
        assert decision.amount_milli is None
        assert decision.refusal == "no-weight"
        assert not re.search(r"\d", decision.words)
        heaviest = dose_text(dose, weight_centi_kg=dose.weight_max_centi_kg, age_years=40)
        assert heaviest.amount_milli is not None
        assert heaviest.amount_milli <= dose.maximum_milli

    offered = [change for change in advice(told) if change.pattern == "anaphylaxis"]
    assert offered
    for change in offered:
        drugs = [step.key for step in change.steps if step.dose]
        assert drugs[0].startswith("epinephrine")


def test_every_alert_gives_its_reasons_and_their_sources(
    told: tuple[AnyEffect, ...], settings: Settings
) -> None:
    open_alerts = [alert for alert in physiological(told) if alert.phase != "end"]
    assert open_alerts
    for alert in open_alerts:
        assert alert.because, alert.label
        assert all(row.rule and row.words for row in alert.because)
        assert all(row.source for row in alert.because)
        assert {key for row in alert.because for key in row.source} <= set(settings.sources)
