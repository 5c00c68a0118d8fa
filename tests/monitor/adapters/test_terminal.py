"""The terminal: worst first, words beside every colour, no old number shown as a number."""

import io
import json
import threading
import time

import msgspec
import pytest
from broker import eventually, publish
from rich.console import Console

from monitor.adapters.access import Access
from monitor.adapters.broker import LocalBroker
from monitor.adapters.feed import Feed, Heard
from monitor.adapters.terminal import (
    age,
    alert_words,
    centi,
    grade_words,
    number_words,
    printable,
    tile,
    wall,
    ward_lines,
    worst_first,
)
from monitor.adapters.viewing import Watch, bed_view, condition_line, tail_line, watch, without_age
from monitor.facts.effects import NOT_ASSESSABLE, Priority, Signal
from monitor.facts.views import AlertView, BedView, ChannelView, WardView
from monitor.wire.announcements import state_announcement
from monitor.wire.outbound import MonitorStatusPayload, StatePayload, encode_published, iso

NOW_MS = 1_795_000_000_000


def channel(name: str, value_centi: int, age_ms: int = 0, **others: object) -> ChannelView:
    view = ChannelView(channel=name, value_centi=value_centi, measured_ms=NOW_MS - age_ms)
    return msgspec.structs.replace(view, **others)


def alert(
    priority: Priority = "high", signal: Signal = "on", *, condition: str = "active", by: str = ""
) -> AlertView:
    return AlertView(
        id=f"al-{priority}",
        kind="physiological",
        cause="reaction",
        pattern="anaphylaxis",
        grade=3,
        priority=priority,
        signal=signal,
        condition=condition,
        label="SBP 84 < 90",
        onset_ms=NOW_MS - 120_000,
        acknowledged_by=by,
    )


def bed(name: str, *alerts: AlertView, grade: int = 0, **others: object) -> BedView:
    view = BedView(
        bed=name,
        session="S-1",
        subject="PX-1",
        product="ivig-10",
        phase="infusing",
        rate_centi_ml_per_h=12_050,
        grade=grade,
        pattern="anaphylaxis" if grade > 0 else "",
        baseline="established",
        remarks=(),
        channels=(channel("hr", 12_800), channel("sbp", 8_400)),
        alerts=alerts,
        steps=(),
    )
    return msgspec.structs.replace(view, **others)


def ward(*beds: BedView) -> WardView:
    return WardView(unit="infa", now_ms=NOW_MS, beds=beds, outcomes={})


def drawn(*beds: BedView, condition: str = "") -> str:
    """Return the wall as a screen without colours shows it."""
    console = Console(file=io.StringIO(), width=130, no_color=True, force_terminal=False)
    console.print(wall(ward(*beds), condition=condition))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_worst_bed_comes_first_and_acknowledged_ones_after_the_loud() -> None:
    beds = [
        bed("1"),
        bed("2", grade=2),
        bed("3", alert("low")),
        bed("4", alert("high", "acknowledged", by="ka")),
        bed("5", alert("medium")),
        bed("6", alert("high")),
        bed("7", alert("high"), grade=4),
        bed("8", grade=NOT_ASSESSABLE),
    ]
    assert [one.bed for one in worst_first(beds)] == ["7", "6", "5", "3", "4", "2", "8", "1"]
    assert [line.split(" |")[0] for line in ward_lines(ward(*beds))][:2] == ["bed 7", "bed 6"]


@pytest.mark.parametrize(
    ("duration_ms", "words"),
    [(0, "0 s"), (59_999, "59 s"), (60_000, "1 min"), (3_599_999, "59 min"), (7_200_000, "2 h")],
)
def test_ages_have_one_unit(duration_ms: int, words: str) -> None:
    assert age(duration_ms) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(3_700, "37"), (3_740, "37.4"), (3_705, "37.05"), (-150, "-1.5"), (5, "0.05")],
)
def test_hundredths_are_written_as_people_do(value: int, words: str) -> None:
    assert centi(value) == words


def test_a_fresh_number_is_plain_an_older_one_has_its_age_a_stale_one_is_none() -> None:
    assert number_words(channel("hr", 12_800), NOW_MS) == "HR 128 /min"
    assert number_words(channel("temp", 3_740, 240_000), NOW_MS) == "Temp 37.4 °C, 4 min ago"
    stale = number_words(channel("sbp", 8_400, 720_000, stale=True), NOW_MS)
    assert stale == "SBP -- (last 12 min ago)"
    based = number_words(channel("sbp", 8_400, baseline_centi=12_400), NOW_MS)
    assert based == "SBP 84 mmHg (-40)"


def test_what_cannot_be_judged_says_why() -> None:
    unknown = bed("1", grade=NOT_ASSESSABLE, remarks=("no blood pressure for 12 min",))
    assert grade_words(unknown) == "not assessable: no blood pressure for 12 min"
    assert "not assessable: no blood pressure" in drawn(unknown)
    assert grade_words(bed("1", grade=NOT_ASSESSABLE)) == "not assessable: nothing is known"
    assert "no baseline: relative rules are off" in drawn(
        bed("1", remarks=("no baseline: relative rules are off",))
    )


def test_every_priority_and_state_has_words_without_colour() -> None:
    assert alert_words(alert("high"), NOW_MS) == "*** SBP 84 < 90 (2 min)"
    assert alert_words(alert("medium"), NOW_MS).startswith("** ")
    acknowledged = alert_words(alert("high", "acknowledged", by="ka"), NOW_MS)
    assert acknowledged.endswith("acknowledged by ka")
    latched = alert_words(alert("high", "latched", condition="ended"), NOW_MS)
    assert latched.endswith("ended, still to be acknowledged")
    technical = msgspec.structs.replace(alert("low"), kind="technical")
    assert alert_words(technical, NOW_MS).startswith("# ")
    shown = drawn(bed("1", alert("high")), bed("2", alert("medium")), bed("3", alert("low")))
    for words in ("HIGH ***", "MEDIUM **", "LOW *", "*** 1 high", "unacknowledged 3"):
        assert words in shown


def test_a_tile_shows_the_steps_and_counts_the_rest() -> None:
    shown = drawn(bed("1", alert(), steps=("Stop the infusion", "b", "c", "d", "e")))
    assert "-> Stop the infusion" in shown
    assert "and 2 more" in shown
    assert "120.5 mL/h" in shown
    assert "no values yet" in drawn(bed("1", channels=()))
    assert "no bed has been heard yet" in drawn()
    assert tile(bed("1"), NOW_MS).width == 40


def test_nothing_on_the_wire_can_move_the_cursor_or_forge_markup() -> None:
    evil = "\x1b[2J[red]x\n"
    assert printable(evil) == "?[2J[red]x?"
    shown = drawn(bed("1", msgspec.structs.replace(alert(), label=evil), subject=evil))
    assert "\x1b" not in shown
    assert "[red]x" in shown


def state_of(view: BedView) -> Heard:
    said = state_announcement(view, unit="infa", now_ms=NOW_MS)
    return Heard(view.bed, "_/state", said.payload, is_retained=True)


def status_of(state: str, **others: object) -> Heard:
    status = {"state": state, "t": iso(NOW_MS), "boot": "x", **others}
    payload = msgspec.convert(status, MonitorStatusPayload)
    return Heard("_", "monitor/status", encode_published(payload), is_retained=False)


def test_a_state_topic_gives_back_the_picture_it_was_made_from() -> None:
    original = bed("17", alert("high", "acknowledged", by="ka"), grade=3, steps=("Stop",))
    payload = msgspec.json.decode(state_of(original).payload, type=StatePayload)
    assert bed_view("17", payload) == original
    unknown = bed("17", grade=NOT_ASSESSABLE, rate_centi_ml_per_h=None)
    payload = msgspec.json.decode(state_of(unknown).payload, type=StatePayload)
    assert bed_view("17", payload) == unknown


def test_a_view_says_when_it_cannot_be_believed() -> None:
    now_s = 100.0
    view = Watch("infa", seconds=lambda: now_s)
    assert "NO MONITOR" in view.condition(is_connected=True)
    view.take(status_of("online"))
    view.take(state_of(bed("17")))
    assert view.condition(is_connected=True) == ""
    assert "NO BROKER" in view.condition(is_connected=False)
    now_s = 104.0
    assert view.ward().now_ms == NOW_MS + 4_000
    now_s = 107.0
    assert "MONITOR SILENT for 7 s" in view.condition(is_connected=True)
    assert "MONITOR SILENT" in drawn(bed("17"), condition=view.condition(is_connected=True))
    view.take(status_of("online", store="failing"))
    assert "cannot store" in view.condition(is_connected=True)
    view.take(status_of("online", troubles=("resumed after 42 s unattended",)))
    assert view.condition(is_connected=True) == "resumed after 42 s unattended"
    view.take(status_of("online", proof_age_ms=4_000, proof_limit_ms=5_000))
    assert view.condition(is_connected=True) == ""
    now_s = 108.5
    assert "ALARM PATH UNPROVEN for 5 s" in view.condition(is_connected=True)
    view.take(status_of("online", term=2))
    view.take(status_of("offline", reason="lost", boot="w", term=1))
    assert view.condition(is_connected=True) == "", "the will of one who has been replaced"
    now_s += 10.0
    view.take(status_of("online", boot="w", term=1, store="lost"))
    assert "store lost" in view.condition(is_connected=True), "nobody else is heard any more"
    view.take(status_of("online", boot="x", term=0))
    view.take(status_of("online", boot="x", term=2))
    view.take(status_of("offline", reason="lost"))
    assert "MONITOR OFFLINE (lost)" in view.condition(is_connected=True)
    view.take(Heard("17", "_/state", b"", is_retained=False))
    view.take(Heard("18", "_/state", b"{garbage", is_retained=False))
    assert view.ward().beds == ()
    assert view.unreadable == 1


def test_unreadable_publications_become_a_line_and_stop_nothing() -> None:
    broken = Heard("17", "_/alert/al-1", b"\xff{", is_retained=False)
    assert "unreadable" in (tail_line(broken, as_json=False) or "")
    assert tail_line(broken, as_json=True) is None
    assert tail_line(Heard("17", "_/alert/al-1", b"", is_retained=False), as_json=False) is None
    assert tail_line(status_of("online"), as_json=False) is None
    assert without_age("unproven for 5 s") == without_age("unproven for 12 min")
    assert without_age("resumed after 5 s") != without_age("unproven for 5 s")
    assert condition_line("", as_json=False) == "! monitor watches"
    assert condition_line("x", as_json=True) == '{"message":"condition","words":"x"}'


@pytest.mark.broker
def test_without_a_terminal_changes_are_lines(broker: LocalBroker) -> None:
    unit = "lines"
    feed = Feed(
        Access(host=broker.host, port=broker.port, client_id=""), unit=unit, kinds=("state",)
    )
    feed.connect()
    out = io.StringIO()
    thread = threading.Thread(
        target=watch, args=(feed, unit, Console(file=out, width=200)), daemon=True
    )
    thread.start()
    said = state_announcement(bed("17", alert(), grade=3), unit=unit, now_ms=NOW_MS)
    publish(broker.port, "-t", said.topic, "-r", "-m", said.payload.decode())
    assert eventually(lambda: "grade 3 anaphylaxis" in out.getvalue())
    status = json.dumps({"state": "offline", "t": iso(time.time_ns() // 1_000_000)})
    publish(broker.port, "-t", f"irm/v1/{unit}/_/monitor/status", "-m", status)
    assert eventually(lambda: "! MONITOR OFFLINE" in out.getvalue())
    assert "\x1b" not in out.getvalue()
    feed.close()
