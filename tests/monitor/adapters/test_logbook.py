"""Log lines: one event each, in text or JSON, that no field and no message can break."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from monitor.adapters.effect_lines import REJECTS_PER_STEP, log_effects
from monitor.adapters.logbook import ROOT, LogStyle, log, start_logging
from monitor.facts.effects import (
    AnyEffect,
    DeviceChanged,
    MessageRejected,
    ReadingsKept,
    SessionChanged,
)

LOG = logging.getLogger(f"{ROOT}.test")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger(ROOT)
    before = root.handlers[:], root.level, root.propagate
    yield
    root.handlers[:], root.propagate = before[0], before[2]
    root.setLevel(before[1])


def written(style: LogStyle) -> io.StringIO:
    out = io.StringIO()
    start_logging(style, to=out)
    return out


def rejected(number: int) -> AnyEffect:
    return MessageRejected(
        at_ms=number,
        bed="17",
        session="",
        device="mon",
        topic="irm/v1/infa/17/mon/vitals",
        reason="not-json",
        field="",
        value="",
        limit="",
        sha256="0" * 64,
        excerpt="secret",
    )


def test_a_line_of_text_has_time_level_event_and_quoted_fields() -> None:
    out = written("text")
    log(LOG, logging.WARNING, "alert-start", bed="17", label='SBP 84 < "90"\n', grade=3)
    stamp, rest = out.getvalue().rstrip("\n").split(" ", 1)
    assert stamp.endswith("Z")
    assert rest == 'WARNING alert-start bed=17 label="SBP 84 < \\"90\\"\\n" grade=3'


def test_a_line_of_json_keeps_its_own_fields() -> None:
    out = written("json")
    log(LOG, logging.INFO, "session", t="never", bed="17", empty=None)
    entry = json.loads(out.getvalue())
    assert (entry["event"], entry["bed"], entry["level"]) == ("session", "17", "info")
    assert entry["t"] != "never"


@pytest.mark.parametrize("style", ["text", "json"])
def test_an_error_brings_its_trace(style: LogStyle) -> None:
    out = written(style)
    try:
        int("a bug")
    except ValueError:
        LOG.exception("ward-failed")
    assert "ward-failed" in out.getvalue()
    assert "ValueError: invalid literal" in out.getvalue()


def test_effects_of_weight_have_one_line_each_and_no_payload() -> None:
    out = written("json")
    effects: list[AnyEffect] = [
        SessionChanged(
            at_ms=1,
            bed="17",
            session="S-1",
            event="open",
            phase="opened",
            before="none",
            subject="PX-1",
            product="ivig-10",
            reason="",
            refused=False,
            config="c0ffee",
        ),
        DeviceChanged(at_ms=1, bed="17", session="", device="mon", state="offline", reason="x"),
        ReadingsKept(
            at_ms=1,
            bed="17",
            session="",
            device="mon",
            channel="hr",
            value_centi=1,
            measured_ms=1,
            outcome="duplicate",
            reason="",
        ),
        *(rejected(number) for number in range(20)),
    ]
    log_effects(LOG, effects)
    events = [json.loads(line)["event"] for line in out.getvalue().splitlines()]
    assert events == [
        "session",
        "device-offline",
        *["reject"] * REJECTS_PER_STEP,
        "rejects-not-shown",
    ]
    assert "secret" not in out.getvalue()
