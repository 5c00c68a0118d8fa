"""Patches: what they show, what goes wrong with them, and what comes late."""

from functools import cache
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from detectors.channels import Channel
from monitor.facts.records import MessageRefused, RawMessage
from monitor.wire.messages import decode
from simulators.bedside import bedside
from simulators.chairs import Chair, Sent, chair
from simulators.equipment import PATCH_CHANNELS, Equipment
from simulators.patches import (
    PATCH_EVERY_S,
    WILL_AFTER_S,
    PatchSpan,
    PatchTrouble,
    patch_readings,
    patch_spans,
)
from simulators.scenario import BedPlan, Scenario
from simulators.truths import device_troubles

PLAN = BedPlan(bed="03", equipment=Equipment(is_patched=True))
SECONDS = 2 * 3600


def ward(seed: int) -> Scenario:
    return Scenario(name="one", beds=(PLAN,), seed=seed, length_s=SECONDS, cadence_s=5)


@cache
def here(seed: int) -> Chair:
    return chair(PLAN, ward(seed), unit="u", started_ms=0)


@cache
def struck(kind: PatchTrouble) -> tuple[Chair, PatchSpan]:
    """Return a chair whose patch has this trouble, away from the ends and alone at its time."""
    for seed in range(300):
        spans = patch_spans(here(seed))
        for one in spans:
            others = [two for two in spans if two is not one]
            is_alone = all(
                two.until_s < one.from_s - 60 or two.from_s > one.until_s + 120 for two in others
            )
            is_inside = one.from_s > 120 and (kind == "battery-out" or one.until_s < SECONDS - 300)
            if one.kind == kind and is_inside and (is_alone or kind.startswith("battery")):
                return here(seed), one
    raise AssertionError(f"no patch with {kind} in 300 sessions")


def said(one: Chair, kind: str) -> list[tuple[Sent, dict[str, object]]]:
    return [
        (sent, msgspec.json.decode(sent.payload))
        for sent in bedside(PLAN, ward(one.seed), unit="u", started_ms=0)
        if sent.device == "patch-03" and sent.topic.endswith(f"/{kind}")
    ]


def values_at(one: Chair, span: PatchSpan) -> list[dict[str, dict[str, object]]]:
    """Return the live values by channel of every message inside a span."""
    return [
        {value["ch"]: value for value in payload["values"]}  # type: ignore[attr-defined]  # JSON
        for sent, payload in said(one, "vitals")
        if one.at_ms(span.from_s) <= sent.at_ms < one.at_ms(span.until_s)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_everything_of_a_patch_is_understood_and_in_order(seed: int) -> None:
    messages = list(bedside(PLAN, ward(seed), unit="u", started_ms=0))

    assert all(earlier.at_ms <= later.at_ms for earlier, later in pairwise(messages))
    for place, sent in enumerate(messages):
        raw = RawMessage(received_ms=sent.at_ms + 50, topic=sent.topic, payload=sent.payload)
        assert not isinstance(decode(raw, position=place), MessageRefused)
    assert messages == list(bedside(PLAN, ward(seed), unit="u", started_ms=0))


def test_a_quiet_patch_is_near_the_truth_and_its_armpit_is_colder() -> None:
    one = here(1)
    read = patch_readings(one, ())
    off = read.shown - one.course.values[:, read.seconds]

    assert set(np.diff(read.seconds)) == {PATCH_EVERY_S}
    assert np.nanstd(off[Channel.HR]) < 2
    assert np.nanstd(off[Channel.RR]) < 2
    assert np.sqrt(np.nanmean(off[Channel.SPO2] ** 2)) < 4
    assert -0.75 < np.nanmean(off[Channel.TEMP]) < -0.25
    assert np.isnan(read.shown[[Channel.SBP, Channel.DBP, Channel.MAP]]).all()
    assert not read.moving.any()
    assert not read.loose.any()


def test_motion_makes_pulse_and_breathing_doubtful_and_loses_the_saturation() -> None:
    for values in values_at(*struck("motion")):
        assert values["hr"]["q"] == values["rr"]["q"] == "questionable"
        assert values["spo2"]["why"] == "motion"


def test_a_loose_electrode_says_so_in_every_channel() -> None:
    found = values_at(*struck("loose"))

    assert found
    assert all({one["why"] for one in values.values()} == {"probe-off"} for values in found)


def test_what_a_lost_radio_kept_comes_as_backfill_in_a_burst() -> None:
    one, gap = struck("radio-gap")
    from_ms, until_ms = one.at_ms(gap.from_s), one.at_ms(gap.until_s)
    live = [sent.at_ms for sent, _ in said(one, "vitals")]
    late = [payload for sent, payload in said(one, "backfill") if sent.at_ms >= until_ms]
    states = [
        (sent.at_ms, payload["state"])
        for sent, payload in said(one, "status")
        if from_ms < sent.at_ms <= until_ms
    ]

    assert not [at_ms for at_ms in live if from_ms + 1000 <= at_ms < until_ms]
    assert len(late) >= (gap.until_s - gap.from_s) // PATCH_EVERY_S
    if gap.until_s - gap.from_s > WILL_AFTER_S:
        assert states == [(from_ms + WILL_AFTER_S * 1000, "offline"), (until_ms, "online")]


def test_what_is_sent_late_is_numbered_in_one_row_with_what_is_sent_at_once() -> None:
    one, _ = struck("radio-gap")
    messages = said(one, "vitals") + said(one, "backfill")
    messages.sort(key=lambda message: message[0].at_ms)
    numbers = [payload["seq"] for _, payload in messages]
    stamps = [str(payload["t"]) for _, payload in messages]

    assert numbers == list(range(len(numbers)))
    assert stamps == sorted(stamps), "a reading has its number from when it is measured"


def test_a_battery_warns_and_then_nothing_more_comes() -> None:
    one, out = struck("battery-out")
    out_ms = one.at_ms(out.from_s)
    last_ms = max(sent.at_ms for sent, _ in said(one, "vitals"))
    levels = [payload["battery"] for _, payload in said(one, "status") if "battery" in payload]

    assert last_ms < out_ms + 1000
    assert said(one, "status")[-1][1]["state"] == "offline"
    assert 15 in levels


def test_the_truth_knows_what_was_wrong() -> None:
    one, gap = struck("radio-gap")
    told = {(span.kind, span.from_ms) for span in device_troubles(one)}

    assert ("radio-gap", one.at_ms(gap.from_s)) in told
    assert len(told) == len(patch_spans(one))


def test_a_bed_without_a_patch_has_none_of_it() -> None:
    plain = chair(BedPlan(bed="03"), ward(1), unit="u", started_ms=0)

    assert patch_spans(plain) == ()
    assert set(PATCH_CHANNELS) < set(plain.equipment.channels)
