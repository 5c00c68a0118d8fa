"""The page of a session beside its truth: how soon the call was, what was false, and crosses."""

import json
import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from builders import CONFIG, ROOT

from monitor.__main__ import main
from monitor.adapters.recording import Remarks
from monitor.facts.truth import TrueEvent, TrueSession
from monitor.reports.beside_truth import (
    false_ms,
    heard_beside,
    truth_beside,
    truth_rows,
    truth_words,
)
from monitor.reports.chronicles import Chronicle, Doubt, chronicles
from monitor.reports.session_page import Printing, session_page
from monitor.settings.settings import load_settings
from monitor.study.cohort_found import OURS, times_of
from monitor.study.cohort_heard import SessionHeard
from monitor.ward.ward import Ward

REACTION = ROOT / "tests" / "replay" / "recordings" / "anaphylaxis.jsonl.gz"
MINUTE = 60_000
SETTINGS = load_settings(CONFIG)
PRINTING = Printing(
    command=("infusion-monitor", "report"),
    config=SETTINGS.digest,
    software="1",
    book=SETTINGS.ward.detection.book,
    truth="night.truth.jsonl",
)


@pytest.fixture(scope="module")
def story() -> Chronicle:
    return next(chronicles(REACTION, lambda unit: Ward(SETTINGS.ward, unit=unit), Remarks()))


def truth_of(story: Chronicle, *events: TrueEvent) -> TrueSession:
    return TrueSession(
        bed=story.stays[0].bed,
        session=story.session,
        start_ms=story.started_ms or story.from_ms,
        end_ms=story.to_ms,
        events=events,
        seed=77,
    )


def heard(story: Chronicle, *events: TrueEvent) -> SessionHeard:
    found = heard_beside(story, [truth_of(story, *events)])
    assert found is not None
    return found


def called_ms(story: Chronicle) -> int:
    (first, *_) = times_of(OURS, heard(story))
    return first


def event(onset_ms: int, **more: object) -> TrueEvent:
    plain = TrueEvent(
        pattern="anaphylaxis", grade=3, onset_ms=onset_ms, peak_ms=onset_ms + 10 * MINUTE
    )
    return msgspec.structs.replace(plain, **more)


def test_the_title_says_how_soon_the_call_was_and_what_was_false(story: Chronicle) -> None:
    onset_ms = called_ms(story) - 252_000
    found = heard(story, event(onset_ms, grade3_ms=onset_ms + MINUTE))

    assert truth_words(found) == "called 4.2 min after the true onset; 0 false calls"
    page = session_page(story, PRINTING, found)
    assert re.search(r"<h1>[^<]* \u00b7 called 4\.2 min after the true onset; 0 false calls<", page)
    assert "<td>4.2, in time</td>" in page
    assert "False calls: 0." in page
    assert "Seed of the simulated ward: <code>77</code>" in page
    assert "Truth: <code>night.truth.jsonl</code>" in page


def test_what_was_missed_or_called_for_nothing_is_said(story: Chronicle) -> None:
    quiet = heard(story)
    assert truth_words(quiet).startswith("nothing happened, ")
    assert false_ms(quiet)
    assert called_ms(story) in false_ms(quiet)
    page = session_page(story, PRINTING, quiet)
    assert "Nothing happened in this session." in page
    assert re.search(r"False calls: \d+ \(\d\d:\d\dZ", page)

    over = event(story.from_ms - 500 * MINUTE, end_ms=story.from_ms - 400 * MINUTE, recurrence=True)
    missed = heard(story, over)
    assert truth_words(missed).startswith("true anaphylaxis of grade 3 missed; ")
    (row,) = truth_rows(missed, lambda at_ms: "-" if at_ms is None else "known")
    assert row[0] == "anaphylaxis, came back"
    assert row[-3:] == ("-", "-", "-")
    early = heard(story, event(called_ms(story) + MINUTE))
    assert truth_words(early).startswith("called 1.0 min before the true onset; ")


def test_what_was_only_shown_called_nobody(story: Chronicle) -> None:
    found = heard(story, event(called_ms(story) - MINUTE))
    silent = tuple(
        msgspec.structs.replace(
            one, called_ms=None, reached_ms=(called_ms(story), None, None, None)
        )
        for one in found.alerts
    )
    words = truth_words(msgspec.structs.replace(found, alerts=silent))
    assert words == "shown, nobody called, 1.0 min after the true onset; 0 false calls"


def test_a_truth_about_others_is_not_taken(story: Chronicle) -> None:
    other = truth_of(story)
    assert heard_beside(story, []) is None
    assert heard_beside(story, [msgspec.structs.replace(other, session="S-OTHER")]) is None
    assert heard_beside(story, [msgspec.structs.replace(other, bed="99")]) is None
    page = session_page(story, PRINTING)
    assert "Beside the truth" not in page
    assert "Seed of the simulated ward: <code>not known</code>" in page


def test_crosses_have_a_reason_and_what_was_sent_is_drawn(story: Chronicle) -> None:
    def doubt(at_min: int, value: float, reason: str = "above 220 <b>") -> Doubt:
        return Doubt(
            at_ms=story.from_ms + at_min * MINUTE,
            device="mon-7",
            channel="hr",
            value=value,
            reason=reason,
        )

    doubts = (doubt(1, 300), doubt(2, 310), doubt(3, 5, "flat"), doubt(30, 305))
    late = [*story.series["hr"], (story.to_ms, 71.0)]
    told = replace(story, doubts=doubts, sent={**story.sent, "hr": late})
    page = session_page(told, PRINTING)

    assert page.count("<td>HR of mon-7</td>") == 3
    assert re.search(
        r"<td>2</td><td>[^<]*</td><td>[^<]*</td><td>300 to 310</td><td>above 220 &lt;b&gt;</td>",
        page,
    )
    data = re.search(r'id="session">(.*?)</script>', page)
    assert data is not None
    history = json.loads(data[1])["history"]
    assert list(history["raw"]) == ["hr"]
    assert history["raw"]["hr"][-1][1] == 71.0
    assert "Every reading was believed." in session_page(replace(story, doubts=()), PRINTING)
    assert {at for points in story.rejected.values() for at, _ in points} == {
        one.at_ms for one in story.doubts
    }


def test_the_command_takes_the_truth_that_lies_beside(tmp_path: Path, story: Chronicle) -> None:
    recording = tmp_path / "night.jsonl.gz"
    recording.write_bytes(REACTION.read_bytes())
    assert truth_beside(recording) is None
    beside = tmp_path / "night.truth.jsonl"
    beside.write_bytes(msgspec.json.encode(truth_of(story, event(called_ms(story) - MINUTE))))
    assert truth_beside(recording) == truth_beside(tmp_path / "night.journal") == beside
    page = tmp_path / "page.html"

    assert main(["report", str(recording), "--to", str(page), "--config", str(CONFIG)]) == 0

    assert "called 1.0 min after the true onset" in page.read_text("utf-8")
    none = ["--truth", str(tmp_path / "none"), "--config", str(CONFIG)]
    assert main(["report", str(recording), "--to", str(page), *none]) == 4
