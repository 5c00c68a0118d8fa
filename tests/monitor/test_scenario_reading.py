"""Scenario files are read strictly: every slip is told with its row, its value and the limit."""

import tomllib
from typing import Any

import pytest

from detectors.channels import Channel
from monitor.facts.records import SymptomCharted, VitalsReported
from monitor.scenario.expectations import matches
from monitor.scenario.places import ScenarioError
from monitor.scenario.reading import scenario_of
from monitor.scenario.rehearsal import raw_message
from monitor.scenario.shown import Shown
from monitor.scenario.stories import START_MS, Scenario
from monitor.scenario.times import at_ms, clock, length_ms, span_ms
from monitor.wire.messages import decode

FRAME = """
title = "t"
shows = "s"
ends = "1:00"
"""
EXPECT = """
[[expect]]
at = "0:01"
grade = 0
"""


def read(text: str, *, frame: str = FRAME, expect: str = EXPECT) -> Scenario:
    return scenario_of(tomllib.loads(f"{frame}\n{text}\n{expect}"), "f.toml")


def faults(text: str, **changed: str) -> str:
    with pytest.raises(ScenarioError) as found:
        read(text, **changed)
    return str(found.value)


def records(text: str) -> list[Any]:
    return [
        decode(raw_message(one, Shown(), START_MS + 3_600_000), position=0)
        for one in read(text).deliveries
    ]


def chart(rows: str, head: str = "") -> str:
    return f'[[chart]]\n{head}\nrows = """\n{rows}\n"""'


@pytest.mark.parametrize(
    ("text", "frame", "expect", "words"),
    [
        ("", "shows = 's'\nends = '1:00'", EXPECT, "file: title: must be text, got nothing"),
        ("", "title = 't'\nshows = 's'\nends = '60'", EXPECT, "ends: must be 'h:mm'"),
        ("", f"{FRAME}\ntick = '0 s'", EXPECT, "tick: must be a number and s, min or h"),
        ("", f"{FRAME}\ncolour = 'red'", EXPECT, "colour: unknown key; known here: bed, chart"),
        ("", f"{FRAME}\nmonitor_down = ['0:10']", EXPECT, "monitor_down: must be a list of"),
        ("", FRAME, "", "expect: a scenario that expects nothing proves nothing"),
        ("", f"{FRAME}\nevent = 3", EXPECT, "event: must be rows ([[event]]), got 3"),
        ("", f"{FRAME}\nsession = 3", EXPECT, "session: must be a table, got 3"),
        ("[session]\nproduct = 'x'\nwight = '70 kg'", FRAME, EXPECT, "session: wight: unknown key"),
        ("[session]\nweight = '70'", FRAME, EXPECT, "weight: must be a number and its unit"),
        ("[session]\nweight = '0 kg'", FRAME, EXPECT, "Expected `float` > 0.0"),
        ("[session]\nweight = '70 stone'", FRAME, EXPECT, "Invalid enum value 'stone'"),
        ("[[event]]\nat = '0:05'", FRAME, EXPECT, "event 1: must have exactly one of session"),
        (
            "[[event]]\nat = '0:05'\npump = 'paused'\nsymptom = 'hives'",
            FRAME,
            EXPECT,
            "has pump, symptom",
        ),
        ("[[event]]\nat = '5'\npump = 'paused'", FRAME, EXPECT, "event 1: at: must be 'h:mm'"),
        ("[[event]]\nat = '0:05'\npump = 'asleep'", FRAME, EXPECT, "Invalid enum value 'asleep'"),
        (
            "[[event]]\nat = '0:05'\nsymptom = 'hives'\nonset = 'soon'",
            FRAME,
            EXPECT,
            "onset: must be 'h:mm'",
        ),
        ("[[event]]\nat = '1:01'\npump = 'paused'", FRAME, EXPECT, "ends: is before 1 messages"),
        ("[[event]]\nat = '0:01'\nraw = '{}'\nrate = 1", FRAME, EXPECT, "rate: unknown key"),
        (
            "[[event]]\nat = '0:01'\npump = 'paused'\nretained = 1",
            FRAME,
            EXPECT,
            "retained: must be true or false, got 1",
        ),
        (chart("clock hr\n0:01 70"), FRAME, EXPECT, "chart 1: rows: the first line must be 'time'"),
        (chart("time pulse\n0:01 70"), FRAME, EXPECT, "column 'pulse' must be one of hr, sbp"),
        (chart("time hr hr\n0:01 7 7"), FRAME, EXPECT, "column 'hr' must be one of"),
        (chart("time hr\n1 70"), FRAME, EXPECT, "line '1': must begin with 'h:mm'"),
        (chart("time hr\n0:02 70\n0:01 70"), FRAME, EXPECT, "later than the line before"),
        (chart("time hr\n0:01 70 80"), FRAME, EXPECT, "has 2 values, the chart has 1 columns"),
        (chart("time hr\n0:01 high"), FRAME, EXPECT, "hr 'high' must be a number"),
        (chart("time hr\n0:01 nan"), FRAME, EXPECT, "must be below 1e+06 in size"),
        (chart("time hr\n0:05 70 received=0:04"), FRAME, EXPECT, "not before it was measured"),
        (chart("time hr\n0:05 70 colour=red"), FRAME, EXPECT, "got colour=red"),
        (chart("time hr\n0:05 70 lost=few"), FRAME, EXPECT, "lost=number"),
        (chart("time hr\n0:01 70", "every = 'often'"), FRAME, EXPECT, "every: must be a number"),
        (chart("time hr\n0:01 70", "every = '0 s'"), FRAME, EXPECT, "longer than 0 s"),
        (chart("time hr\n0:01 7", "by='n'\nevery = '1 s'"), FRAME, EXPECT, "not to a hand"),
        (chart("time hr\n0:01 70", "until = 'end'"), FRAME, EXPECT, "until: must be 'h:mm'"),
        (chart("time hr\n0:01 70", "colour = 'red'"), FRAME, EXPECT, "chart 1: colour: unknown"),
        ("", FRAME, "[[expect]]\ngrade = 0", "expect 1: must have one of at, within or during"),
        ("", FRAME, "[[expect]]\nat='0:01'\nwithin='0:01 to 0:02'", "has at, within"),
        ("", FRAME, "[[expect]]\nat='0:01'", "expect 1: says nothing"),
        ("", FRAME, "[[expect]]\nat='1:01'\ngrade=0", "must not be after the end of the scenario"),
        ("", FRAME, "[[expect]]\nat='now'\ngrade=0", "at: must be 'h:mm'"),
        ("", FRAME, "[[expect]]\nwithin='0:02 to 0:01'\ngrade=0", "'h:mm to h:mm', the second"),
        ("", FRAME, "[[expect]]\nat='0:01'\nalert='a'\nstep='b'", "alert, step; has both"),
        ("", FRAME, "[[expect]]\nat='0:01'\nalert='a'\nhue=1", "hue: unknown key; known here: ack"),
        ("", FRAME, "[[expect]]\nat='0:01'\ntold='news'", "told: must be one of act, advice"),
        ("", FRAME, "[[expect]]\nat='0:01'\ngrade={a=1}", "must be text, a number, true, false"),
        ("", FRAME, "[[never]]\nwithin='0:01 to 0:02'\ngrade=4", "at or during; has within"),
    ],
)
def test_every_slip_is_told_with_its_place(text: str, frame: str, expect: str, words: str) -> None:
    assert words in faults(text, frame=frame, expect=expect)


def test_all_slips_of_a_file_are_told_at_once() -> None:
    told = faults(
        "[[event]]\nat = 'now'\npump = 'paused'\n"
        + chart("time hr\n0:01 many\n0:02 more")
        + "\n[[never]]\nstep = 3"
    )
    assert told.count("f.toml: ") == 4
    assert "hr 'many'" in told
    assert "hr 'more'" in told


def test_a_chart_is_what_a_device_sends_again_and_again_until_the_next_line() -> None:
    sent = [
        (one.received_ms - START_MS, one.sequence, [v.value_centi for v in one.values])
        for one in records(
            chart("time hr sbp\n0:00 70 120\n0:01 90 -\n0:02 silent", "every = '20 s'")
        )
        if isinstance(one, VitalsReported)
    ]
    assert sent == [
        (0, 1, [7000, 12000]),
        (20_000, 2, [7000, 12000]),
        (40_000, 3, [7000, 12000]),
        (60_000, 4, [9000]),
        (80_000, 5, [9000]),
        (100_000, 6, [9000]),
    ]


def test_notes_of_a_line_say_how_it_was_sent() -> None:
    rows = "time hr\n0:01 70 received=0:03\n0:02 71 lost=2\n0:04 72 twice=yes\n0:05 73 stored=yes"
    got = records(chart(rows, 'device = "m-7"\nclock = "-20 s"'))
    assert [one.received_ms - one.measured_ms for one in got] == [140_000, *[20_000] * 4]
    assert [one.sequence for one in got] == [1, 4, 5, 5, 6]
    assert {one.device for one in got} == {"m-7"}
    assert [value.flags for one in got for value in one.values][-1] != 0


def test_cells_are_values_doubts_repeats_and_absences() -> None:
    (one,) = records(chart("time hr sbp dbp spo2\n0:01 70 84? 44! probe-off"))
    assert [(Channel(v.channel).name, v.value_centi) for v in one.values] == [
        ("HR", 7000),
        ("SBP", 8400),
        ("DBP", 4400),
    ]
    assert len({v.flags for v in one.values}) == 3
    assert [(Channel(a.channel).name, a.why) for a in one.absences] == [("SPO2", "probe-off")]


def test_a_hand_chart_says_who_took_it() -> None:
    (one,) = records(chart("time temp\n0:01 36.6", 'by = "nurse-2"'))
    assert (one.by, one.device) == ("nurse-2", "tablet-1")


def test_events_take_the_names_of_the_wire_and_readable_amounts() -> None:
    opened, running, charted, ran = records(
        '[session]\nsubject = "PX-1"\nproduct = "p"\nweight = "154 [lb_av]"\n'
        '[[event]]\nat = "0:02"\nsession = "start"\n'
        '[[event]]\nat = "0:05"\nreceived = "0:09"\nsymptom = "hives"\nonset = "0:03"\n'
        '[[event]]\nat = "0:06"\npump = "infusing"\nrate = "12.5 mL/h"\n'
    )
    assert (opened.id, opened.weight_centi_kg) == ("S-1", 6985)
    assert (running.id, running.event) == ("S-1", "start")
    assert isinstance(charted, SymptomCharted)
    assert charted.onset_ms - START_MS == 180_000
    assert charted.received_ms - charted.measured_ms == 240_000
    assert (ran.rate_centi_ml_per_h, ran.sequence) == (1250, 1)


def test_raw_bytes_go_in_as_they_are() -> None:
    (one,) = records("[[event]]\nat = '0:01'\nraw = '{'\nkind = 'pump'\ndevice = 'p'")
    assert (one.reason, one.topic[-6:]) == ("not-json", "p/pump")


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        (3, 3, True),
        (3, 2, False),
        (3, ">= 3", True),
        (2, ">= 3", False),
        (3, "<= 3", True),
        ("high", ">= 3", False),
        ("SBP 84 < 90", "...84...", True),
        ("SBP 84 < 90", "SBP...", True),
        ("SBP 84 < 90", "84...", False),
        ("SBP 84 < 90", "...90", True),
        ("SBP 84 < 90", "...84", False),
        ("SBP 84 < 90", "SBP 84", False),
        (1, True, False),
        (True, True, True),
        (["stop", "call", "epinephrine"], ("stop", "epinephrine"), True),
        (["epinephrine", "stop"], ("stop", "epinephrine"), False),
        ([], (), True),
        (["stop"], (), False),
        (None, ("stop",), False),
    ],
)
def test_values_match(value: object, wanted: Any, expected: bool) -> None:  # noqa: ANN401, FBT001 - as rows say
    assert matches(value, wanted) is expected


def test_times_are_read_and_written_the_same() -> None:
    for text in ("0:00", "0:05", "1:02:03", "71:59:59"):
        assert clock(at_ms(text) or 0) == text
    assert at_ms("72:00") is None
    assert at_ms("0:60") is None
    assert at_ms(5) is None
    assert span_ms("0:05") is None
    assert span_ms("0:05 to x") is None
    assert length_ms("2 h") == 7_200_000
    assert length_ms("+90 s") == 90_000
    assert length_ms("1.5 h") is None
