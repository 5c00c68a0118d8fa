"""Every benchmark runs at a tiny size, and its peer decides what the core decides."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import archives, cohorts, messages, peers, replays, restarts, steps
from benchmarks.agreement import PeerError, check, differences
from benchmarks.measuring import Report, Table, cell, machine, printed, ratio, share
from benchmarks.plain import PlainBed
from benchmarks.plain_tables import Tables
from benchmarks.wards import Load
from detectors.detection import Detection
from monitor.engines.local import SerialEngine
from monitor.settings.settings import load_settings
from simulators.cohorts import Cohort
from simulators.scenario import reaction_option, ward_scenario

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def reacting() -> steps.Contest:
    """Twenty beds, half of them reacting, after two minutes."""
    load = Load(n_beds=20, reacting_share=0.5)
    contest = steps.contest(load_settings(ROOT / "config").ward, load)
    steps.measured(contest, list(load.seconds(130)))
    return contest


def test_plain_beds_and_core_find_the_same_reactions(reacting: steps.Contest) -> None:
    reacting.check()
    rows = np.arange(20, dtype=np.int32)
    grades = reacting.detection.grade_of(rows)
    assert (grades >= 1).sum() >= 8, "half of the beds react"
    assert (grades >= 3).any()
    assert (grades == 0).sum() >= 8, "and the others do not"
    assert [bed.grade() for bed in reacting.plain] == grades.tolist()


def test_a_peer_that_decides_otherwise_is_an_error(reacting: steps.Contest) -> None:
    params = reacting.detection.params
    stranger = PlainBed(Tables(params))
    assert differences(Detection(params, 1), [stranger]) == []
    stranger.signs[0].grade = 2
    assert "grades" in differences(Detection(params, 1), [stranger])[0]
    with pytest.raises(PeerError, match="1 differences"):
        check(Detection(params, 1), [stranger])


def test_a_step_is_measured_at_every_size_and_share() -> None:
    table = steps.steps_table(((3, 4), (20, 4)))
    assert len(table.rows) == 2 * len(steps.SHARES)
    assert "20 beds, 1 reacting" in printed(table)


def test_an_archive_is_replayed_to_one_digest_and_a_plan() -> None:
    cohort = Cohort(sessions=1, beds_per_file=1, hours=0.5, cadence_s=60, seed=1)
    engine = SerialEngine()
    table = archives.archives_table(cohort, [("one", engine), ("again", engine)])
    assert [name for name, _ in table.rows] == ["one", "again"]
    assert "a million sessions" in printed(table)


def test_snapshots_and_restarts_are_measured() -> None:
    table = restarts.snapshots_table((3,))
    assert "3 beds" in printed(table)
    assert "2 beds, 1 min" in printed(restarts.restarts_table(((2, 60),)))


def test_folding_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.adapters.folding.HOUR_MS", 20_000)
    table = restarts.folding_table((2,), 60)
    ((_, (folded, *_)),) = table.rows
    assert folded is not None
    assert folded.value > 5


def test_sessions_side_by_side_and_beds_that_send_nothing_are_measured() -> None:
    table = cohorts.cohorts_table(((20, 3),))
    assert [name for name, _ in table.rows] == [
        "20 sessions, 0 reacting",
        "20 sessions, 1 reacting",
    ]
    changes = cohorts.changes_table(20, (1, 5, 20), n_seconds=3)
    assert changes.rows[0][1][1] is None, "there is nothing to compare the first row with"
    assert len(cohorts.idle_table((5, 10), n_seconds=3).rows) == 2


def test_the_state_of_a_bed_fits_into_four_kibibytes() -> None:
    bytes_a_bed = cohorts.bytes_a_bed(load_settings(ROOT / "config").ward)
    least = Detection(load_settings(ROOT / "config").ward.detection, 1).history.after_ms.nbytes
    assert least < bytes_a_bed <= 4096


def test_tools_that_are_installed_find_what_they_must_find() -> None:
    table = peers.peers_table(((6, 1),))
    assert [name.endswith("everything") for name, _ in table.rows[:2]] == [True, True]
    for name, cells in table.rows:
        assert ("not installed" in name) == (cells[0] is None)


@pytest.mark.parametrize("name", peers.PEERS)
def test_a_tool_agrees_with_windows_over_arrays(name: str) -> None:
    pytest.importorskip(name)
    values = np.random.default_rng(1).integers(9_000, 10_000, (40, 3, 2)).astype(np.float64)
    high, total = peers.expected(values)
    found = peers.PEERS[name]()(values)
    assert found[0] == high
    assert found[1] == pytest.approx(total)
    with pytest.raises(PeerError, match=name):
        peers._compare(name, found, (high + 1, total))


def test_a_replay_is_measured_and_its_peer_agrees() -> None:
    reactions = [reaction_option(text, beds=3) for text in ("anaphylaxis@1:+2m", "probe-off@2:+1m")]
    scenario = ward_scenario(beds=3, reactions=reactions, length_s=1_200, cadence_s=10)
    table = replays.replay_table([scenario], rounds=1)
    assert [name.split(": ")[-1].strip() for name, _ in table.rows] == [
        "decoding and ward",
        "decoding",
        "ward",
        "detection in plain Python",
        "... quick",
    ]


@pytest.mark.broker
def test_messages_go_from_broker_to_alert() -> None:
    size = messages.Size(
        n_beds=12, steady_messages=60, per_second=200.0, n_alerts=3, burst_messages=40
    )
    table = messages.messages_table([size])
    steady, burst = (cells for _, cells in table.rows)
    assert all(one is not None and one.value > 0 for one in steady)
    assert burst[0] is not None
    assert burst[0].value > 0


def test_figures_are_shown_with_three_digits() -> None:
    shown = [cell(value, "ms").shown for value in (0.012345, 1.5, 123.4, 54_321.0)]
    assert shown == ["0.0123 ms", "1.50 ms", "123 ms", "54,321 ms"]
    assert ratio(150.0, 3.0).shown == "50.0 x"
    assert share([5.0, 1.0, 3.0], 0.5) == 3.0
    assert share([5.0, 1.0, 3.0], 0.99) == 5.0


def test_a_table_lines_up_and_marks_what_was_not_measured() -> None:
    table = Table(
        title="t", columns=("a",), rows=(("row", (None,)), ("b", (cell(2, "ms"),))), notes=("n",)
    )
    assert printed(table).splitlines() == [
        "t",
        "             a",
        "  row        -",
        "  b    2.00 ms",
        "  n",
    ]
    assert Report(machine=machine(), tables=(table,)).machine["commit"]


def test_the_command_says_what_it_can_do() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "--json" in done.stdout
    assert "steps,cohorts,peers,replays,messages" in done.stdout
