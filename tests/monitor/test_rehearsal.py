"""Rehearsals tell every difference, with the time, the row and what was there instead."""

import json
import tomllib
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pytest
from scenario_wards import real_ward, site_of

from monitor.facts.effects import AnyEffect
from monitor.facts.records import Input
from monitor.scenario.checking import run
from monitor.scenario.reading import scenario_of
from monitor.scenario.rehearsal import rehearsal

STORY = """
title = "t"
shows = "s"
ends = "0:20"
[session]
subject = "PX-1"
product = "gammaplex-10-pi"
weight = "70 kg"
devices = ["mon-1", "pump-1"]
[[chart]]
every = "30 s"
rows = \"\"\"
time   hr   sbp  dbp  spo2
0:00   78   122  80   98
0:10   118  84   47   95
\"\"\"
[[event]]
at = "0:05"
every = "30 s"
pump = "infusing"
rate = "60 mL/h"
"""


def differences(rows: str, story: str = STORY) -> list[str]:
    found = rehearsal(scenario_of(tomllib.loads(story + rows), "f.toml"), real_ward)
    return [str(one) for one in found.differences]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("[[expect]]\nat='0:09'\ngrade=0", ""),
        (
            "[[expect]]\nat='0:09'\ngrade=1",
            "0:09 bed 1: expected the bed with grade 1; found grade 0",
        ),
        ("[[expect]]\nwithin='0:09 to 0:11'\nalert='reaction'\ngrade=3", ""),
        (
            "[[expect]]\nwithin='0:00 to 0:09'\nalert='reaction'",
            "0:00 to 0:09 bed 1: expected alert reaction; there is no such alert; there are: none",
        ),
        ("[[expect]]\nduring='0:00 to 0:09'\ngrade=0", ""),
        (
            "[[expect]]\nduring='0:05 to 0:15'\ngrade=0",
            "0:10 bed 1: expected the bed with grade 0 all the time; found grade 3",
        ),
        ("[[never]]\ngrade=4", ""),
        ("[[never]]\nalert='reaction'", "0:10 bed 1: must not come: alert reaction"),
        ("[[never]]\nat='0:09'\nalert='reaction'", ""),
        ("[[expect]]\nat='0:10'\nstep='stop'\nstate='offered'", ""),
        ("[[expect]]\nat='0:10'\nstep='stop'\nstate='done'", "found state offered"),
        ("[[expect]]\nat='0:10'\nstep='dance'", "no such step; there are: stop, rapid-response"),
        ("[[expect]]\nat='0:10'\noffered=['flat','stop']", "found offered stop, rapid-response"),
        ("[[expect]]\nat='0:10'\nnot_offered=['stop']", "found offered stop"),
        ("[[expect]]\nat='0:10'\nnot_offered=['slow']\ngrade=3", ""),
        ("[[expect]]\nat='0:05'\ntold='session'\nevent='start'", ""),
        ("[[expect]]\nat='0:06'\ntold='session'", "no such session was told"),
        ("[[never]]\ntold='session'\nevent='start'", "0:05 bed 1: must not come: told session"),
        ("[[expect]]\nat='0:10'\nbed='9'\ngrade=3", "bed 9: expected the bed with grade 3"),
    ],
)
def test_each_kind_of_row_holds_or_tells_what_was_there(row: str, words: str) -> None:
    found = differences(row)
    assert len(found) == bool(words), found
    assert words in "".join(found)


def test_what_is_refused_is_a_difference_unless_a_row_expects_it() -> None:
    slip = "[[event]]\nat='0:02'\nsymptom='gloom'\n[[expect]]\nat='0:01'\ngrade=0\n"
    assert "symptom 'gloom' is not in the configuration" in "".join(differences(slip))
    assert not differences(f"{slip}[[expect]]\nat='0:02'\ntold='act'\nrefused='...gloom...'")
    again = "[[event]]\nat='0:02'\nsession='open'\nsubject='PX-2'\nproduct='p'\n"
    assert "session event refused" in "".join(differences(f"{again}[[never]]\ngrade=4"))


def test_acts_name_alerts_by_their_cause() -> None:
    ack = "[[event]]\nat='0:11'\nact='ack'\nalert='reaction'\n"
    assert not differences(f"{ack}[[expect]]\nat='0:11'\nalert='reaction'\nsignal='acknowledged'")


class Clock:
    """A ward that keeps when it was asked, and with how many messages."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int]] = []

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        self.steps.append((now_ms, len(inputs)))
        return ()


def test_a_monitor_that_is_down_takes_no_step_and_gets_everything_afterwards() -> None:
    ward = Clock()
    story = f"monitor_down = ['0:08 to 0:12']\n{STORY}[[expect]]\nduring='0:08:30 to 0:11'\ngrade=0"
    found = rehearsal(scenario_of(tomllib.loads(story), "f.toml"), lambda _: ward)
    times = [now_ms - ward.steps[0][0] for now_ms, _ in ward.steps]
    assert not [at for at in times if 480_000 <= at < 720_000]
    assert dict(zip(times, (n for _, n in ward.steps), strict=True))[720_000] == 18
    assert "the monitor was down all the time" in str(found.differences[0])


def test_files_are_reported_in_words_and_as_json(tmp_path: Path) -> None:
    good, bad, broken = (tmp_path / f"{name}.toml" for name in ("a", "b", "c"))
    good.write_text(f"{STORY}[[expect]]\nat='0:10'\ngrade=3")
    bad.write_text(f"{STORY}[[expect]]\nat='0:10'\ngrade=0")
    broken.write_text("title =")

    def ran(*paths: Path, as_json: bool = False, tell: bool = False) -> tuple[int, str, str]:
        out, err = StringIO(), StringIO()
        return (
            run(paths, site_of=site_of, out=out, err=err, as_json=as_json, tell=tell),
            out.getvalue(),
            err.getvalue(),
        )

    code, out, _ = ran(good)
    assert code == 0
    assert "as expected: t (1 row, 0:20 h)" in out
    code, out, _ = ran(good, bad)
    assert code == 1
    assert "expected the bed with grade 0; found grade 3" in out
    assert "2 scenarios: 1 as expected, 1 not" in out
    code, out, err = ran(tmp_path)
    assert code == 4
    assert "is no TOML" in err
    assert "1 as expected, 1 not, 1 not readable" in out
    code, out, _ = ran(tmp_path, as_json=True)
    told = json.loads(out)
    assert [len(one["differences"]) for one in told] == [0, 1, 0]
    assert [len(one["faults"]) for one in told] == [0, 0, 1]
    assert ran(tmp_path / "nowhere.toml")[0] == 4
    assert ran()[0::2] == (4, "there is no scenario file\n")
    (tmp_path / "big.toml").write_text("#" * 1_000_001)
    assert "limit 1000000" in ran(tmp_path / "big.toml")[2]


def test_with_tell_everything_that_was_told_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    ack = "[[event]]\nat='0:11'\nact='ack'\nalert='reaction'\n"
    path.write_text(f"{STORY}{ack}[[expect]]\nat='0:10'\ngrade=3")
    out = StringIO()
    run([path], site_of=site_of, out=out, err=StringIO(), tell=True)
    for words in (
        "session open: none to opened",
        "grade 3 hypotensive",
        "alert reaction start: active, signal on, high, grade 3",
        "advice severe: stop (offered)",
        "act ack by nurse-1",
        "device: session S-1, device mon-1",
    ):
        assert words in out.getvalue()
