"""Looks back: thinning hides no extreme, publications become effects again, limits have a place."""

import asyncio
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from station_builders import NOW_MS, Desktop, advice, alert, channel, desktop, heard, state
from wire import OUTBOUND, UNIT

from detectors.channels import Channel
from detectors.rulebook import Clause, Rule
from monitor.adapters.feed import Heard
from monitor.facts.effects import AdviceChanged, AlertChanged, AlertEscalated, AnyEffect
from monitor.settings.settings import load_settings
from monitor.station.board import StandingAlert, StandingState
from monitor.station.eras import Era
from monitor.station.in_force import ADULT_CENTI, age_centi, limit_lines, sections
from monitor.station.looks import Followed, Looks
from monitor.station.past import HeardPast
from monitor.station.retold import advice_retold, alert_retold, call_retold
from monitor.station.review import FLAGS, SIGNALS, bands, episodes, event_rows, sheet
from monitor.station.tracks import KEPT_MOST, Track, Tracks, staircase, thinned
from monitor.station.web import Web
from monitor.wire.announcements import announcements
from monitor.wire.bed_parts import DueShown, RateShown, SnoozeShown
from monitor.wire.outbound import Acknowledged, AdvicePayload, AlertPayload, CallPayload, iso

CONFIG: Final = Path(__file__).resolve().parents[2] / "config"

values = st.lists(st.integers(-5, 5), max_size=400)


@given(values, st.integers(4, 60))
def test_thinned_points_are_few_and_keep_first_last_lowest_and_highest(
    found: list[int], most: int
) -> None:
    points = [(at, float(value)) for at, value in enumerate(found)]
    kept = thinned(points, most)
    assert len(kept) <= most
    assert kept == sorted(set(kept))
    assert set(kept) <= set(points)
    if points:
        assert (kept[0], kept[-1]) == (points[0], points[-1])
        for extreme in (min, max):
            assert extreme(v for _, v in kept) == extreme(v for _, v in points)
    if len(points) <= most:
        assert kept == points


def test_a_spike_of_one_reading_in_a_day_is_drawn() -> None:
    points = [(at, 70.0) for at in range(17_280)]
    points[9_001] = (9_001, 31.0)
    assert (9_001, 31.0) in thinned(points, 240)


def test_a_track_is_bounded_and_keeps_its_extremes_and_its_newest() -> None:
    track = Track()
    for at in range(20_000):
        track.add(at, 200.0 if at == 77 else float(at % 7))
        track.add(at, 999.0)  # not newer: left out
    assert len(track.times) <= KEPT_MOST
    points = track.since(0)
    assert max(value for _, value in points) == 200.0
    assert points[-1] == (19_999, float(19_999 % 7))
    assert track.since(19_998) == points[-2:]


def test_a_staircase_begins_with_the_rate_that_held() -> None:
    rate = [(10, 30.0), (20, 60.0), (40, 0.0)]
    assert staircase(rate, 25) == [(25, 60.0), (40, 0.0)]
    assert staircase(rate, 5) == rate
    assert staircase([], 5) == []


def test_another_session_begins_its_own_tracks() -> None:
    tracks = Tracks()
    for session, at_ms in (("S-1", NOW_MS), ("S-1", NOW_MS + 1), ("", NOW_MS + 2)):
        one = state(session=session, channels=(channel("hr", 70, at_ms),), rate=RateShown(v=60))
        tracks.take(heard("17", "state", one), at_ms)
    assert len(tracks.bed("17").channels["hr"].times) == 3
    one = state(session="S-2", channels=(channel("hr", 90, NOW_MS + 3),))
    tracks.take(heard("17", "state", one), NOW_MS + 3)
    assert list(tracks.bed("17").channels["hr"].values) == [90]
    tracks.take(Heard("17", "_/state", b"{", is_retained=False), NOW_MS)


PLAIN: Final = {
    "alert": (AlertPayload, alert_retold),
    "advice": (AdvicePayload, advice_retold),
    "call": (CallPayload, call_retold),
}


def stored_effects() -> list[Any]:
    return [
        pytest.param(effect, id=f"{path.stem}:{effect.at_ms}")
        for path in sorted(OUTBOUND.glob("*.effects.json"))
        for effect in msgspec.json.decode(path.read_bytes(), type=tuple[AnyEffect, ...])
        if isinstance(effect, AlertChanged | AdviceChanged | AlertEscalated)
    ]


@pytest.mark.parametrize("effect", stored_effects())
def test_a_publication_becomes_the_effect_that_it_was_made_from(effect: Any) -> None:  # noqa: ANN401 - an effect
    said = announcements([effect], unit=UNIT)[0]
    payload, retold = PLAIN[said.topic.split("/")[5]]
    again = retold(effect.bed, msgspec.json.decode(said.payload, type=payload))  # type: ignore[operator]  # a pair of the table
    if isinstance(effect, AlertChanged):
        effect = msgspec.structs.replace(effect, books=(), pictures=())
    if isinstance(effect, AlertEscalated):
        effect = msgspec.structs.replace(effect, waited_ms=effect.waited_ms // 1000 * 1000)
    assert again == effect


def level(channel_: Channel, comparison: Any, limit: int, **more: Any) -> Clause:  # noqa: ANN401 - fields
    return Clause(
        channel=channel_, basis=more.get("basis", "level"), comparison=comparison, limit_centi=limit
    )


def rule(grade: int, *clauses: Clause, **more: Any) -> Rule:  # noqa: ANN401 - fields
    return Rule(id="r", sign="s", grade=grade, clauses=clauses, source=("x",), **more)


def test_limits_have_a_line_where_a_rule_about_one_channel_begins_to_hold() -> None:
    sbp, hr = Channel.SBP, Channel.HR
    rules = (
        rule(1, level(sbp, "<", 10_000)),
        rule(2, level(sbp, "<", 9_000)),
        rule(2, level(sbp, "<", 8_500)),
        rule(3, level(sbp, "<", 9_000), level(sbp, ">=", 3_000, basis="fall_percent")),
        rule(3, level(hr, ">=", 13_000), level(sbp, "<", 9_000)),
        rule(4, level(hr, ">=", 4_000, basis="rise")),
    )
    assert limit_lines(rules, {}, ADULT_CENTI) == {"sbp": [("grade 2", 90, "below")]}
    lines = limit_lines(rules, {"sbp": 12_000, "hr": 7_000}, ADULT_CENTI)
    assert lines["sbp"] == [("grade 2", 90, "below"), ("grade 3", 84, "below")]
    assert lines["hr"] == [("grade 4", 110, "above")]


def test_the_active_book_has_lines_for_adults_and_others_for_children() -> None:
    book = load_settings(CONFIG).ward.detection.book
    adult = limit_lines(book.rules, {}, ADULT_CENTI)
    child = limit_lines(book.rules, {}, age_centi("4 years"))
    assert {"sbp", "hr", "spo2"} <= set(adult)
    assert adult["hr"] != child["hr"]


@pytest.mark.parametrize(
    ("words", "age"), [("46 years", 4600), ("8 months", 66), ("", 4000), ("18-64 years", 1800)]
)
def test_an_age_is_read_from_its_words(words: str, age: int) -> None:
    assert age_centi(words) == age


def test_settings_in_force_show_every_source_and_no_address() -> None:
    found = {one.name: one for one in sections(CONFIG)}
    assert "site.toml" not in found
    rows = {row.key: row for row in found["alerts.toml"].rows}
    assert (rows["realert_high"].value, rows["realert_high"].unit) == ("180", "s")
    assert rows["realert_high"].source == ("engineering",)
    rules = [row for row in found["rulebooks/infusion.toml"].rows if row.source]
    assert all(row.source for row in rules[1:])
    assert any("hypotension.level.1" in row.key for row in rules)


def reaction() -> list[Heard]:
    """Return what is heard of a session from its opening to an alert that somebody has taken on."""
    snooze = SnoozeShown(sign="skin", grade=1, until=iso(NOW_MS), by="nurse-1", reason="seen")
    acked = Acknowledged(by="nurse-2", t=iso(NOW_MS))
    raw: dict[str, Any] = {"raw": 310, "raw_t": iso(NOW_MS + 1), "doubt": "jump"}
    return [
        heard("17", "state", state(phase="opened", rate=None)),
        heard(
            "17", "state", state(channels=(channel("hr", 70, base=72, **raw),), snoozes=(snooze,))
        ),
        heard("17", "state", state(rate=RateShown(v=120), snoozes=(snooze,))),
        heard("17", "alert/al-1", alert()),
        heard("17", "alert/al-1", alert(rev=2)),
        heard("17", "alert/al-1", alert(rev=3)),
        heard("17", "alert/al-1", alert(rev=4, acked=acked, phase="acknowledge")),
        heard("17", "advice", advice()),
    ]


def technical(name: str, onset_min: int, *, ends: bool = True) -> AlertChanged:
    """Return an alert of a silent device that lasted two minutes, or goes on."""
    return alert_retold(
        "17",
        alert(
            name,
            kind="technical",
            pattern="",
            grade=0,
            priority="low",
            label="heart rate is silent",
            onset=iso(NOW_MS + onset_min * 60_000),
            t=iso(NOW_MS + (onset_min + 2) * 60_000),
            state="ended" if ends else "active",
        ),
    )


def test_what_falls_silent_again_and_again_hides_no_reaction_on_a_sheet() -> None:
    silent = [technical(f"al-{one}", one * 5) for one in range(4)]
    reaction = alert_retold("17", alert("al-9", t=iso(NOW_MS + 60_000)))
    told = "high anaphylaxis, up to grade 3: SBP 84 < 90; ended after 5 min; not taken on"
    first = msgspec.structs.replace(reaction, pattern="hypotensive", label="SBP 84")
    over = msgspec.structs.replace(
        reaction,
        at_ms=NOW_MS + 5 * 60_000,
        priority="low",
        label="hypotension eases: grade 3 ends when it stays clear",
        condition="ended",
    )
    # What it was is said as it was when it was worst, not by the last word before its end.
    assert episodes([*silent, first, reaction, over], "17", NOW_MS) == [
        told,
        "technical: heart rate is silent; 4 times, 8 min",
    ]
    assert episodes([technical("al-1", 0, ends=False)], "17", NOW_MS) == [
        "technical: heart rate is silent; goes on"
    ]


@pytest.mark.parametrize(("signal", "words"), SIGNALS.items())
def test_a_sheet_says_that_nobody_has_an_alert(signal: str, words: str) -> None:
    due = DueShown(key="r", words="every hour", due=iso(NOW_MS), missing=("hr",), state="next")
    late = msgspec.structs.replace(due, state="late")
    found = sheet(
        "17",
        StandingState(state(vitals_due=(due, late)), b""),
        [StandingAlert("17", alert(signal=signal), b"", 1)],
        None,
        effects=(),
        now_ms=NOW_MS,
    )
    assert found["alerts"] == [f"high SBP 84 < 90, active, 0 min old; {words}"]
    # What is not due yet lacks nothing.
    assert [row.words for row in found["due"]] == [  # type: ignore[attr-defined]  # rows of a sheet
        "vital signs every hour",
        "vital signs every hour: late; missing hr",
    ]


def test_the_end_of_an_alert_is_told_by_its_name_and_what_is_technical_without_a_grade() -> None:
    over = alert_retold("17", alert("al-1", phase="end", state="ended", signal="off"))
    assert [row.words for row in event_rows([over, technical("al-2", 0)])] == [
        "ended: anaphylaxis, grade 3",
        "heart rate is silent",
    ]


async def follows_the_monitor(at: Desktop, browser: httpx.AsyncClient) -> None:
    """Expect settings that follow what the monitor says is in force, or say that they do not."""
    known = at.station.board.configurations
    known.now = "other"
    differing = (await browser.get("/api/v1/settings")).json()
    assert differing == {"digest": "c0ffee", "in_force": "other"}
    known.now = "newer"
    assert (await browser.get("/api/v1/settings")).json() == {"digest": "newer"}
    assert at.station.about.config == "newer"


def test_what_was_heard_is_reviewed_drawn_and_handed_over(tmp_path: Path) -> None:
    at = desktop(tmp_path)
    past, tracks = HeardPast("now"), Tracks()
    at.station.memories = (past, tracks)
    book = load_settings(CONFIG).ward.detection.book
    looks = Looks(
        Web(at.station, is_secure=False),
        tracks=tracks,
        past=past,
        eras=(Era(None, "c0ffee", book),),
        settings={"digest": "c0ffee"},
        again=lambda: Followed(
            book=book, settings={"digest": "newer"}, vocabulary=at.station.about.vocabulary
        ),
    )
    at.app.router.routes.extend(looks.routes())
    at.station.hear(reaction())

    async def work() -> None:
        browser = at.browser()
        drawn = (await browser.get("/api/v1/beds/17/history?hours=1")).json()
        assert drawn["session"] == "S-1"
        assert drawn["series"] == {"hr": [[NOW_MS, 70]]}
        assert drawn["rejected"] == {"hr": [[NOW_MS + 1, 310]]}
        assert drawn["rate"] == [[NOW_MS, 60]]
        kinds = [flag["kind"] for flag in drawn["flags"]]
        assert kinds == ["session", "start", "rate", "alert", "act"]
        assert drawn["bands"][0]["grade"] == 3
        listed = (await browser.get("/api/v1/events?kind=alert")).json()
        assert [row["words"] for row in listed["events"]] == ["anaphylaxis, grade 3: SBP 84 < 90"]
        assert "since now" in listed["from"]
        note = (await browser.get("/api/v1/beds/17/note")).json()["text"]
        assert "alert taken on by nurse-2" in note
        assert (await browser.get("/api/v1/beds/99/note")).json()["text"] == ""
        (sheet,) = (await browser.get("/api/v1/handover")).json()["beds"]
        assert sheet["alerts"] == ["high SBP 84 < 90, active, 0 min old; nurse-2 has it"]
        assert sheet["snoozes"] == [
            {
                "words": "skin up to grade 1",
                "until": iso(NOW_MS),
                "by": "nurse-1",
                "reason": "seen",
            }
        ]
        assert sheet["episodes_12h"] == [
            "high anaphylaxis, up to grade 3: SBP 84 < 90; goes on; taken on by nurse-2"
        ]
        for hours in ("0", "25", "x", "-1", "nan"):
            refused = await browser.get(f"/api/v1/events?hours={hours}")
            assert (refused.status_code, refused.json()["field"]) == (400, "hours")
        assert (await browser.get("/api/v1/settings")).json() == {"digest": "c0ffee"}
        await follows_the_monitor(at, browser)
        assert (await browser.get("/api/v1/audit")).status_code == 403
        auditor = await at.nurse("auditor-1")
        lines = (await auditor.get("/api/v1/audit")).json()["lines"]
        assert lines[-1]["who"] == "auditor-1"

    asyncio.run(work())


def test_a_reading_that_a_gate_doubts_is_apart_until_it_is_believed() -> None:
    tracks = Tracks()
    raw: dict[str, Any] = {"raw": 310, "raw_t": iso(NOW_MS + 1), "doubt": "jump"}
    doubted = state(channels=(channel("hr", 70, NOW_MS, **raw),))
    tracks.take(heard("17", "state", doubted), NOW_MS)
    bed = tracks.bed("17")
    assert list(bed.channels["hr"].values) == [70]
    assert bed.rejected_since("hr", 0) == [(NOW_MS + 1, 310)]
    believed = state(channels=(channel("hr", 310, NOW_MS + 1),))
    tracks.take(heard("17", "state", believed), NOW_MS)
    assert bed.rejected_since("hr", 0) == []
    assert bed.track("hr").since(0) == [(NOW_MS, 70), (NOW_MS + 1, 310)]


def test_updates_of_an_alert_are_folded_and_no_kind_is_drawn_that_is_not_listed() -> None:
    past = HeardPast("now")
    for rev in range(1, 50):
        past.take(heard("1", "alert/al-1", alert(rev=rev)), NOW_MS)
    effects = past.effects(0)
    assert len(effects) == 2
    rows = event_rows(effects)
    assert {row.kind for row in rows} <= FLAGS
    assert [band.alert for band in bands(effects, "1", "S-1")] == ["al-1"]
