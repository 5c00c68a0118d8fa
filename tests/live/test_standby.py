"""Two real monitors of one unit: whatever happens to the one that speaks, the other takes over.

Real processes, the real ward, a real broker. A takeover has three seconds; no alert may be lost
and none told anew because of it; who comes back waits.
"""

import contextlib
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.adapters.broker import LocalBroker
from monitor.adapters.journal import JournalReader
from monitor.facts.effects import AlertChanged
from scripts.takeover import BEDS, CONFIG, How, Pair
from scripts.valve import Valve

pytestmark = [pytest.mark.broker, pytest.mark.slow]

TAKEOVER_S_MAX = 3.0


MUTE = "3"
"""The bed whose device falls silent."""


def impatient(folder: Path) -> Path:
    """Return a configuration in which a channel is silent after seconds."""
    config = folder / "config"
    shutil.copytree(CONFIG, config)
    channels = config / "channels.toml"
    was = channels.read_text()
    channels.write_text(was.replace("\nstale_s = 60\n", "\nstale_s = 3\n"))
    assert channels.read_text() != was
    return config


@contextlib.contextmanager
def paired(
    folder: Path, broker: LocalBroker | None = None, config: Path = CONFIG
) -> Iterator[Pair]:
    """Give a monitor with alerts that stand, and its standby that is ready."""
    with Pair(folder, broker=broker, config=config) as pair:
        pair.start("second")
        pair.until(pair.is_settled, "the standby is ready")
        pair.is_low = True
        pair.mute.add(MUTE)
        pair.until(lambda: len(pair.heard.standing) >= BEDS // 2, "alerts stand")
        yield pair


def silent(pair: Pair) -> dict[str, str]:
    """Return the alerts that stand at the bed whose device is silent: id by cause."""
    return {one.cause: one.id for name, one in pair.heard.standing.items() if f"/{MUTE}/" in name}


def named_silent(journal: Path) -> dict[str, str]:
    """Return the alerts of the bed whose device is silent in a ledger: id by cause."""
    with JournalReader.open(journal) as reader:
        return {
            one.cause: one.id
            for one in reader.effects()
            if isinstance(one, AlertChanged) and one.bed == MUTE
        }


def told_of(journal: Path) -> set[tuple[str, int]]:
    """Return the revisions of the alerts of beds in a ledger."""
    with JournalReader.open(journal) as reader:
        return {
            (one.id, one.revision)
            for one in reader.effects()
            if isinstance(one, AlertChanged) and one.kind == "physiological"
        }


def check_told(pair: Pair) -> None:
    """No revision of an alert was heard twice, none after a later one."""
    told = pair.heard.alerts
    assert len(told) == len(set(told))
    newest: dict[str, int] = {}
    for name, revision in told:
        assert revision > newest.get(name, 0)
        newest[name] = revision


@pytest.mark.parametrize("how", ["kill", "freeze", "stop"])
def test_whoever_speaks_is_followed_within_three_seconds(how: How, tmp_path: Path) -> None:
    with paired(tmp_path, config=impatient(tmp_path)) as pair:
        standing = {n for n, one in pair.heard.standing.items() if one.kind == "physiological"}
        # What begins with a silence begins for each monitor at a millisecond of its own.
        pair.until(lambda: {"silent:hr", "silent:spo2"} <= silent(pair).keys(), "one is silent")
        quiet = silent(pair)
        first = pair.status()
        assert (first.role, first.holder, first.standby) == ("holder", first.boot, "ready")
        assert pair.strike(how) < TAKEOVER_S_MAX
        status = pair.status()
        assert status.term == first.term + 1
        assert status.took_over_ms is not None
        assert any("taken over" in words for words in status.troubles)
        assert standing <= set(pair.heard.standing)
        # The one that comes back waits, also though it was started without --standby.
        pair.until(pair.is_settled, "the other one waits")
        assert pair.holder() == "second"
        assert pair.strike("kill") < TAKEOVER_S_MAX
        assert pair.holder() == "first"
        assert standing <= set(pair.heard.standing)
        check_told(pair)
        pair.until(pair.is_settled, "both are there again")
        assert silent(pair) == quiet
        assert all(
            named_silent(tmp_path / f"{name}.journal") == quiet for name in ("first", "second")
        )
        both = [told_of(tmp_path / f"{name}.journal") for name in ("first", "second")]
        assert both[0] == both[1] != set()


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_an_alert_that_nobody_could_tell_is_told_by_the_standby(how: How, tmp_path: Path) -> None:
    with Pair(tmp_path) as pair:
        pair.start("second")
        pair.until(pair.is_settled, "the standby is ready")
        for bed in range(1, BEDS + 1):
            pair.publish_reading(str(bed), is_low=False)
        victim = pair.monitors["first"]
        victim.send_signal(signal.SIGSTOP)
        if how == "kill":
            victim.kill()
        pair.is_low = True
        pair.publish_reading("2", is_low=True)
        pair.publish_reading("2", is_low=True)
        pair.until(lambda: any("/2/" in name for name in pair.heard.standing), "the alert is told")
        victim.send_signal(signal.SIGCONT)
        pair.until(lambda: pair.holder() == "second", "the standby speaks")
        if how == "freeze":
            pair.until(pair.is_settled, "the first one waits")
        check_told(pair)


def test_a_broker_that_is_restarted_leaves_one_who_speaks(tmp_path: Path) -> None:
    store = tmp_path / "broker"
    store.mkdir()
    with paired(tmp_path, LocalBroker(store=store)) as pair:
        standing = set(pair.heard.standing)
        port = pair.broker.port
        pair.broker.kill()
        with LocalBroker(port=port, store=store):
            before = len(pair.heard.statuses)
            pair.until(
                lambda: len(pair.heard.statuses) > before + 3 and pair.is_settled(),
                "one speaks and the other waits",
            )
            pair.until(lambda: standing <= set(pair.heard.standing), "the alerts stand")
            newest: dict[str, int] = {}
            for name, revision in pair.heard.alerts:
                assert revision >= newest.get(name, 0)
                newest[name] = revision


def test_if_both_die_whoever_comes_back_speaks(tmp_path: Path) -> None:
    with paired(tmp_path) as pair:
        standing = set(pair.heard.standing)
        for process in pair.monitors.values():
            process.kill()
            process.wait()
        pair.start("second")
        pair.until(lambda: pair.holder() == "second", "the standby speaks alone")
        assert pair.status().standby == "none"
        pair.start("first")
        pair.until(pair.is_settled, "both are there")
        assert pair.holder() == "second"
        pair.until(lambda: standing <= set(pair.heard.standing), "the alerts stand")


def test_a_standby_may_begin_with_a_copy_of_the_other_journal(tmp_path: Path) -> None:
    with Pair(tmp_path) as pair:
        # It runs once, so that the broker keeps for it what comes while the copy is made.
        pair.start("second")
        pair.until(pair.is_settled, "the standby is ready")
        pair.monitors["second"].kill()
        pair.monitors["second"].wait()
        pair.is_low = True
        pair.until(lambda: len(pair.heard.standing) >= BEDS // 2, "alerts stand")
        standing = set(pair.heard.standing)
        for left in tmp_path.glob("second.journal*"):
            left.unlink()
        with (
            contextlib.closing(sqlite3.connect(tmp_path / "first.journal")) as source,
            contextlib.closing(sqlite3.connect(tmp_path / "second.journal")) as copy,
        ):
            source.backup(copy)
        pair.start("second")
        pair.until(pair.is_settled, "the standby is ready with the copy")
        assert pair.strike("kill") < TAKEOVER_S_MAX
        assert pair.holder() == "second"
        assert standing <= set(pair.heard.standing)
        check_told(pair)
        assert told_of(tmp_path / "first.journal") <= told_of(tmp_path / "second.journal")


def test_a_standby_that_dies_is_missed(tmp_path: Path) -> None:
    with paired(tmp_path) as pair:
        pair.monitors["second"].kill()
        pair.until(
            lambda: any("no standby" in words for words in pair.status().troubles), "it is missed"
        )
        assert pair.status().standby == "none"
        assert pair.holder() == "first"
        pair.start("second")
        pair.until(pair.is_settled, "it is back")
        pair.until(lambda: pair.status().troubles == (), "nothing is wrong")


def test_a_frozen_link_costs_the_lease_and_what_was_on_its_way_is_set_right(
    tmp_path: Path,
) -> None:
    broker = LocalBroker()
    pair = Pair(tmp_path, broker=broker)
    with broker, Valve(broker.port) as valve:
        pair.monitor_port = valve.port
        with pair:
            pair.start("second")
            pair.until(pair.is_settled, "the standby is ready")
            pair.is_low = True
            pair.until(lambda: len(pair.heard.standing) >= BEDS // 2, "alerts stand")
            standing = set(pair.heard.standing)
            valve.shut()
            pair.until(lambda: pair.holder() == "second", "the standby takes over")
            valve.reopen()
            pair.until(
                lambda: pair.is_settled() and pair.holder() == "second", "the first one waits"
            )
            pair.until(lambda: standing <= set(pair.heard.standing), "all alerts stand")
