"""The loader refuses whatever is wrong, says all of it at once, and says where."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from detectors.ages import AgeBand
from detectors.baseline import BaselineRemark
from detectors.channels import Channel
from monitor.settings.settings import ConfigError, Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config"
BAD = sorted((ROOT / "tests" / "config" / "bad").glob("*.toml"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the real configuration that a test may spoil."""
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


@pytest.fixture(scope="module")
def settings() -> Settings:
    """Return the real configuration."""
    return load_settings(CONFIG)


def edit(directory: Path, name: str, change: Callable[[str], str]) -> None:
    before = (directory / name).read_text(encoding="utf-8")
    after = change(before)
    assert after != before, f"the test did not change {name}"
    (directory / name).write_text(after, encoding="utf-8")


def faults(directory: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings(directory)
    return [str(fault) for fault in caught.value.faults]


def test_real_configuration_loads(settings: Settings) -> None:
    assert settings.ward.detection.book.name == settings.site.rule_book
    assert settings.ward.alerts.realert_high_ms == 180_000
    assert settings.ward.digest == settings.digest
    assert re.fullmatch(r"[0-9a-f]{64}", settings.digest)


def test_numbers_arrive_in_the_units_of_the_core(settings: Settings) -> None:
    detection = settings.ward.detection
    assert detection.limits.impossible_above[Channel.TEMP] == 4300
    assert detection.limits.change_ms[Channel.HR] == 10_000
    assert detection.hysteresis_centi[Channel.TEMP] == 20
    remarks = detection.baseline.remarks
    assert BaselineRemark(channel=Channel.TEMP, above_centi=3779) in remarks
    adults = AgeBand(from_centi=1201)
    assert BaselineRemark(channel=Channel.SBP, below_centi=10_000, ages=adults) in remarks
    assert settings.ward.silence.stale_ms[Channel.SBP] == 1_200_000
    fever = detection.signs.index("fever")
    assert detection.confirmation.clear_ms[fever] == 600_000


def test_signs_of_one_kind_share_a_group(settings: Settings) -> None:
    detection = settings.ward.detection
    group = dict(zip(detection.signs, detection.group.tolist(), strict=True))
    assert group["hypotension"] == group["hypertension"]
    assert len({group["hypotension"], group["tachycardia"], group["fever"], group["skin"]}) == 4


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file_is_named_with_its_place(path: Path, copy: Path) -> None:
    head, expect = path.read_text(encoding="utf-8").splitlines()[:2]
    target = head.removeprefix("# file: ")
    shutil.copy(path, copy / target)
    found = faults(copy)
    assert any(expect.removeprefix("# expect: ") in fault for fault in found), "\n".join(found)


def test_every_fault_is_reported_at_once(copy: Path) -> None:
    edit(copy, "alerts.toml", lambda text: text.replace("[realert_high]", "[realert_hihg]"))
    edit(copy, "channels.toml", lambda text: text.replace('"mm[Hg]"', '"kPa"', 1))
    edit(copy, "symptoms.toml", lambda text: text.replace("mild = 1", 'mild = "one"', 1))
    edit(copy, "patterns.toml", lambda text: text.replace("fever = 1", "fevre = 1", 1))
    edit(copy, "site.toml", lambda text: text.replace("1883", "0"))
    edit(copy, "sources.toml", lambda text: text.replace('quality = "A"', 'quality = "D"', 1))
    edit(copy, "doses.toml", lambda text: text.replace("per_kg = 20", "per_kg = -20"))
    edit(copy, "detection.toml", lambda text: text.replace('"tachycardia"', '"tachykardia"', 1))
    edit(copy, "ladders/vasovagal.toml", lambda text: text.replace("grades = [1, ", "grades = ["))
    edit(copy, "products/other.toml", lambda text: text.replace('"ash-iron-2023"', '"blog"'))
    edit(copy, "rulebooks/infusion.toml", lambda text: text.replace("version =", "# version ="))
    (copy / "alarms.toml").write_text("")
    found = "\n".join(faults(copy))
    for expected in (
        "alerts.toml: realert_high: missing key",
        "alerts.toml: realert_hihg: unknown key",
        "channels.toml: channel[1] sbp: unit must be 'mm[Hg]' here, got 'kPa'",
        "symptoms.toml: symptom[0] hives: mild: must be a whole number, got text 'one'",
        "site.toml: broker: port must be 1 to 65535, got 0",
        "sources.toml: brown-2004: quality: must be one of A, B, C, ours, got text 'D'",
        "doses.toml: dose[1] saline-bolus: per_kg -20 mL/kg and maximum 2000 mL do not fit",
        "ladders: no ladder for pattern 'vasovagal' at grade 1",
        "products/other.toml: product[5] iron-iv: source: unknown source 'blog'",
        "rulebooks/infusion.toml: version: missing key",
        "alarms.toml: unknown file",
    ):
        assert expected in found, f"{expected!r} is not in:\n{found}"
    assert found.count("\n") >= 10


def test_names_are_checked_against_the_book_once_it_can_be_read(copy: Path) -> None:
    edit(copy, "patterns.toml", lambda text: text.replace("fever = 1", "fevre = 1", 1))
    edit(copy, "detection.toml", lambda text: text.replace('"tachycardia"', '"tachykardia"', 1))
    found = "\n".join(faults(copy))
    assert "every: fevre: unknown sign" in found
    assert "detection.toml: sign: no row for sign 'tachycardia' of rule book 'infusion'" in found
    assert "detection.toml: sign: sign 'tachykardia' is in no rule" in found


def test_parameters_are_checked_against_each_other(copy: Path) -> None:
    edit(copy, "alerts.toml", lambda text: text.replace("value = 600", "value = 60"))
    assert faults(copy) == ["alerts.toml: realert_high must not be longer than realert_medium"]


def test_missing_folder_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path / "nowhere") == [f"{tmp_path / 'nowhere'}: no such configuration folder"]


def test_missing_file_and_empty_folder_are_named(copy: Path) -> None:
    (copy / "doses.toml").unlink()
    shutil.rmtree(copy / "rulebooks")
    found = faults(copy)
    assert "doses.toml: missing file" in found
    assert "rulebooks: missing: the folder needs at least one file" in found


def test_unreadable_file_is_named(copy: Path) -> None:
    (copy / "alerts.toml").unlink()
    (copy / "alerts.toml").mkdir()
    assert any(fault.startswith("alerts.toml: cannot be read: ") for fault in faults(copy))


def test_file_that_is_not_text_is_named(copy: Path) -> None:
    (copy / "alerts.toml").write_bytes(b"# \xff\n")
    assert "alerts.toml: is not UTF-8 at byte 2" in faults(copy)


def test_syntax_error_at_the_end_of_the_file_names_its_last_line(copy: Path) -> None:
    (copy / "alerts.toml").write_text("[a]\nb = [1,\n")
    assert any(fault.startswith("alerts.toml:") and "not valid TOML" in fault
               for fault in faults(copy))  # fmt: skip


def test_digest_depends_on_every_byte_and_every_name(copy: Path, settings: Settings) -> None:
    assert load_settings(copy).digest == settings.digest
    (copy / "products" / "other.toml").rename(copy / "products" / "others.toml")
    renamed = load_settings(copy).digest
    assert renamed != settings.digest
    edit(copy, "alerts.toml", lambda text: text + "# A comment counts, too.\n")
    assert load_settings(copy).digest not in {renamed, settings.digest}


def test_password_comes_from_its_file(copy: Path) -> None:
    secret = copy / "broker.password"
    secret.write_text("correct horse\n")
    extra = 'username = "monitor"\npassword_file = "broker.password"\n'
    edit(copy, "site.toml", lambda text: text + extra)
    broker = load_settings(copy).site.broker
    assert broker.password() == "correct horse"
    secret.unlink()
    with pytest.raises(ConfigError, match=r"site\.toml: broker: password_file: cannot be read"):
        broker.password()


def test_paths_start_at_the_folder_of_the_file(copy: Path) -> None:
    assert load_settings(copy).site.data_directory == copy.parent / "var"


def test_error_counts_and_lists_its_faults(copy: Path) -> None:
    edit(copy, "site.toml", lambda text: text.replace("1883", "0"))
    with pytest.raises(ConfigError, match=r"1 fault in the configuration:\n  site\.toml: broker"):
        load_settings(copy)


def test_what_systemd_hands_over_is_taken_instead_of_what_only_root_can_read(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = tmp_path / "handed"
    handed.mkdir()
    for folder, text in ((copy.parent, "of root"), (handed, "handed over")):
        (folder / "own.key").write_text(text)
        (folder / "password").write_text(f"{text}\n")
    named = (
        'port = 1883\nusername = "monitor"\npassword_file = "../password"\nca_file = "site.toml"'
    )
    edit(copy, "site.toml", lambda text: text.replace("port = 1883", named))
    station = f'\n[station]\ncertificate_file = "site.toml"\nkey_file = "{copy.parent}/own.key"\n'
    edit(copy, "site.toml", lambda text: text + station)
    assert load_settings(copy).site.broker.password() == "of root"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    site = load_settings(copy).site
    assert site.broker.password() == "handed over"
    own = site.station.broker(site.broker)
    assert own.key_file is not None
    assert own.key_file.read_text() == "handed over"
    assert (own.ca_file, own.username, own.host) == (site.broker.ca_file, "", site.broker.host)
    (handed / "password").unlink()
    assert load_settings(copy).site.broker.password() == "of root"


def test_a_station_without_files_of_its_own_comes_as_the_monitor(settings: Settings) -> None:
    site = settings.site
    assert site.station.device_id == "station-1"
    assert site.station.broker(site.broker) is site.broker
