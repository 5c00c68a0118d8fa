"""A configuration that changes while beds are watched: taken or refused, kept, and taken again."""

import contextlib
import io
import os
import shutil
import signal
import sqlite3
import threading
from pathlib import Path
from typing import Final

import pytest
from fakes import Unit, own_alerts_of, status_of
from journal_runs import T0_MS, Run, same

from monitor.adapters.broker import LocalBroker
from monitor.adapters.configurations import configurations
from monitor.adapters.journal import JournalReader
from monitor.adapters.resumption import LedgerDivergedError
from monitor.adapters.signals import Signals
from monitor.excerpts import Reading
from monitor.facts.effects import ActRecorded, AlertChanged
from monitor.following import Site, SiteWards
from monitor.live import LiveMonitor, serve
from monitor.reconfiguring import SiteFolder
from monitor.replay import BAD_INPUT
from monitor.replay import run as replay_run
from monitor.settings.config_files import read_all
from monitor.settings.reloads import changes
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward

CONFIG: Final = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    before = path.read_text(encoding="utf-8")
    assert old in before, f"{old} does not stand in {name}"
    path.write_text(before.replace(old, new), encoding="utf-8")


def differences(folder: Path) -> list[str]:
    return [str(one) for one in changes(read_all(CONFIG, []), read_all(folder, []))]


def longer_realert(folder: Path) -> None:
    edit(folder, "alerts.toml", "[realert_high]\nvalue = 180", "[realert_high]\nvalue = 120")


def clears_sooner(folder: Path) -> None:
    edit(folder, "detection.toml", "clear_s = 60", "clear_s = 5")


def test_nothing_and_a_comment_are_no_difference(folder: Path) -> None:
    edit(folder, "doses.toml", "[[dose]]", "# a remark\n[[dose]]")
    assert differences(folder) == []


def test_a_delay_a_limit_and_a_source_may_change(folder: Path) -> None:
    longer_realert(folder)
    more = '\n[other]\ncitation = "c"\nwhere = "w"\nquality = "ours"\nverified = "no"\n'
    edit(folder, "sources.toml", "[wao-adult-treatment]", f"{more}\n[wao-adult-treatment]")
    assert differences(folder) == ["alerts.toml realert_high value", "sources.toml"]


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("site.toml", "port = 1883", "port = 1884",
         "site.toml broker port: nothing of this file changes while beds are watched"),
        ("mitigation.toml", "[chosen]\n", "[chosen]\nother = 1\n",
         "mitigation.toml chosen other: is new"),
        ("symptoms.toml", "moderate = ", "more = ", "is gone"),
    ],
)  # fmt: skip
def test_what_is_fixed_is_named_with_its_place(
    folder: Path, name: str, old: str, new: str, words: str
) -> None:
    edit(folder, name, old, new)
    assert any(words in one for one in differences(folder))


def test_a_row_that_is_gone_and_a_file_that_is_new_are_named(folder: Path) -> None:
    text = (folder / "alerts.toml").read_text(encoding="utf-8")
    (folder / "alerts.toml").write_text(text[: text.rindex("[[escalation]]")], encoding="utf-8")
    (folder / "ladders" / "other.toml").write_text("", encoding="utf-8")
    assert differences(folder) == [
        "alerts.toml escalation: 5 rows became 4",
        "ladders/other.toml: the file is new",
    ]


def test_a_taken_configuration_decides_what_follows_and_is_an_act(
    folder: Path, tmp_path: Path
) -> None:
    old, new = Run(tmp_path / "a", config=folder), Run(tmp_path / "b", config=folder)
    for run in (old, new):
        run.live(range(30))
    assert new.site is not None
    before = new.site.settings.digest
    clears_sooner(folder)
    configured = new.read_again()
    assert configured is not None
    assert not configured.refused
    assert new.site.settings.digest != before
    for run in (old, new):
        run.live(range(30, 60))
    told = [list(run.journal.effects()) for run in (old, new)]
    (act,) = (one for one in told[1] if isinstance(one, ActRecorded) and one.act == "configure")
    assert (act.by, act.status, act.refused) == ("signal", configured.digest, "")
    assert ": detection.toml sign hypotension clear_s; " in act.reason
    eased = [
        [
            (one.bed, (one.at_ms - T0_MS) // 1000)
            for one in effects
            if isinstance(one, AlertChanged) and one.at_ms > T0_MS + 40_000
        ]
        for effects in told
    ]
    assert eased == [[], [("1", 45), ("2", 45)]]
    digests = {one.rulebook for one in told[1] if isinstance(one, AlertChanged)}
    assert digests == {before, configured.digest}
    for run in (old, new):
        assert run.journal.verify().faults == ()
        run.die()


@pytest.mark.parametrize(("is_good", "every_ms"), [(True, 3_000), (True, 500_000), (False, 3_000)])
def test_a_killed_monitor_comes_back_under_what_was_in_force(
    folder: Path, tmp_path: Path, *, is_good: bool, every_ms: int
) -> None:
    """Whether it resumes from a snapshot before, at or behind the change, or from the beginning."""
    whole = Run(tmp_path / "j", config=folder, every_ms=every_ms)
    whole.live(range(25))
    if is_good:
        longer_realert(folder)
    else:
        edit(folder, "site.toml", "port = 1883", "port = 1884")
    configured = whole.read_again()
    assert configured is not None
    assert bool(configured.refused) != is_good
    for end in (26, 45):
        whole.live(range(whole.journal.place.step, end))
        copy = tmp_path / f"copy-{end}"
        for part in ("", "-wal"):
            shutil.copy(f"{tmp_path / 'j'}{part}", f"{copy}{part}")
        if not is_good:
            edit(folder, "site.toml", "port = 1884", "port = 1883")
        again = Run(copy, config=folder)
        assert same(whole, again) == []
        assert again.site is not None
        assert whole.site is not None
        assert again.site.settings.digest == whole.site.settings.digest
        again.die()
        if not is_good:
            edit(folder, "site.toml", "port = 1883", "port = 1884")
    whole.die()


def test_an_unreadable_configuration_is_refused_with_its_faults(
    folder: Path, tmp_path: Path
) -> None:
    run = Run(tmp_path / "j", config=folder)
    run.live(range(10))
    assert run.site is not None
    before = run.site.settings
    edit(folder, "alerts.toml", "[realert_high]\nvalue = 180", "[realert_high]\nvalue = -3")
    configured = run.read_again()
    assert configured is not None
    assert "realert_high" in configured.refused
    assert run.site.settings is before
    run.live(range(10, 20))
    kept = configurations(run.journal)
    assert [bool(one.refused) for one in kept] == [False, True]
    assert kept[0].files == before.files
    assert kept[1].files == {}
    run.die()


def test_a_start_follows_a_changed_folder_or_says_which_row_needs_a_new_journal(
    folder: Path, tmp_path: Path
) -> None:
    first = Run(tmp_path / "j", config=folder)
    first.live(range(20))
    first.die()
    longer_realert(folder)
    second = Run(tmp_path / "j", config=folder)
    assert second.is_behind
    assert same(first, second) == []
    second.live(range(20, 22))
    configured = second.read_again()
    assert configured is not None
    assert not configured.refused
    second.die()
    third = Run(tmp_path / "j", config=folder)
    assert not third.is_behind
    third.die()
    edit(folder, "site.toml", "port = 1883", "port = 1884")
    with pytest.raises(LedgerDivergedError, match="broker port: nothing of this file"):
        Run(tmp_path / "j", config=folder)


def test_a_journal_that_never_kept_its_configuration_needs_the_same_one(
    folder: Path, tmp_path: Path
) -> None:
    run = Run(tmp_path / "j", config=folder)
    run.live(range(5))
    with run.journal.transaction() as connection:
        connection.execute("DELETE FROM configured")
    run.die()
    Run(tmp_path / "j", config=folder).die()
    with JournalReader.open(tmp_path / "j") as reader:
        (kept,) = configurations(reader)
    assert (kept.step, kept.row, kept.digest) == (0, 0, reader.about.config)
    with contextlib.closing(sqlite3.connect(tmp_path / "j")) as connection, connection:
        connection.execute("DELETE FROM configured")
    longer_realert(folder)
    with pytest.raises(LedgerDivergedError, match="was written under configuration"):
        Run(tmp_path / "j", config=folder)


def test_a_replay_goes_through_the_configurations_of_the_journal(
    folder: Path, tmp_path: Path
) -> None:
    before = Path(shutil.copytree(folder, tmp_path / "before"))
    run = Run(tmp_path / "j", config=folder)
    run.live(range(30))
    clears_sooner(folder)
    run.read_again()
    run.live(range(30, 40))
    edit(folder, "site.toml", "port = 1883", "port = 1884")
    refused = run.read_again()
    assert refused is not None
    assert refused.refused
    edit(folder, "site.toml", "port = 1884", "port = 1883")
    run.live(range(40, 60))
    run.die()
    with JournalReader.open(tmp_path / "j") as reader:
        ledger = [row.body.decode() for row in reader.ledger()]
    for given in (before, folder):
        assert replayed(tmp_path / "j", given) == (0, ledger, "")
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    longer_realert(other)
    code, effects, said = replayed(tmp_path / "j", other)
    assert code == 0
    assert not any('"configure"' in one for one in effects)
    assert "j: was decided under " in said
    code, effects, said = replayed(tmp_path / "j", folder, rebatch_ms=0)
    assert code == BAD_INPUT
    assert effects == []
    assert "its configuration changed behind step 30" in said


def replayed(
    journal: Path, folder: Path, *, rebatch_ms: int | None = None
) -> tuple[int, list[str], str]:
    """Return exit code, effects and remarks of a replay with a folder."""
    settings = load_settings(folder)
    site = Site(digest=settings.digest, directory=folder)
    wards = SiteWards(ward_of=lambda unit: Ward(settings.ward, unit=unit), site=site)
    out, err = io.StringIO(), io.StringIO()
    code = replay_run(
        [journal],
        ward_of=wards,
        out=out,
        err=err,
        as_json=True,
        reading=Reading(rebatch_ms=rebatch_ms),
    )
    said = "\n".join(line for line in err.getvalue().splitlines() if str(journal.name) in line[:2])
    return code, out.getvalue().splitlines(), said if code == 0 else err.getvalue()


@pytest.mark.broker
def test_a_signal_changes_what_a_working_monitor_decides_by(
    folder: Path, tmp_path: Path, broker: LocalBroker
) -> None:
    unit = Unit(broker, "reconfigured", tmp_path / "j")
    settings = load_settings(folder)
    ward = Ward(settings.ward, unit=unit.name)
    site = SiteFolder(folder, settings, ward)
    found: list[object] = []

    def changes_its_mind(monitor: LiveMonitor) -> None:
        try:
            with unit.listener() as listener:
                assert listener.hears(lambda one: "config" in status_of(one, unit))
                found.append(status_of(listener, unit)["config"])
                longer_realert(folder)
                os.kill(os.getpid(), signal.SIGHUP)
                assert listener.hears(lambda one: status_of(one, unit)["config"] != found[0])
                found.append(status_of(listener, unit)["config"])
                edit(folder, "site.toml", "port = 1883", "port = 1884")
                os.kill(os.getpid(), signal.SIGHUP)
                assert listener.hears(lambda one: "config-refused" in own_alerts_of(one))
                found.append(status_of(listener, unit)["config"])
                edit(folder, "site.toml", "port = 1884", "port = 1883")
                os.kill(os.getpid(), signal.SIGHUP)
                assert listener.hears(lambda one: "config-refused" not in own_alerts_of(one))
        finally:
            monitor.stop()

    with Signals() as signals, unit.monitor(ward, config=site) as monitor:
        nurse = threading.Thread(target=changes_its_mind, args=(monitor,))
        nurse.start()
        assert not serve(monitor, signals)
        nurse.join()
    assert found == [settings.digest, site.settings.digest, site.settings.digest]
    acts = [one for one in unit.effects() if isinstance(one, ActRecorded)]
    assert [(one.act, bool(one.refused)) for one in acts] == [
        ("configure", False),
        ("configure", True),
    ]
