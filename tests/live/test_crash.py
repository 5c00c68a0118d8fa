"""The crash matrix in short: a few kills of each kind in any order, and its faults are found."""

from pathlib import Path

import pytest
from builders import ward_settings
from ward_builders import UNIT, anaphylactic

from monitor.ward.snapshots import Records
from monitor.ward.ward import Ward
from scripts.crash import Report, matrix, state_of

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.mark.parametrize("seed", [3])
def test_no_kill_in_any_order_loses_or_doubles_anything(seed: int, tmp_path: Path) -> None:
    report = matrix(kills=6, seed=seed, folder=tmp_path)
    assert report.faults == []
    assert report.kills.total() == 6
    assert report.readings > 100
    assert report.alerts > 0


def test_a_report_names_its_faults() -> None:
    report = Report(seed=1, faults=["mon-1: 2 readings lost: [7, 8]"])
    assert "1 FAULTS" in report.words()
    assert report.words().endswith("[7, 8]")
    assert "no fault" in Report(seed=1).words()


def test_states_that_differ_are_told_apart() -> None:
    ward = anaphylactic().ward
    other = Ward(ward_settings(), unit=UNIT)
    other.recall(ward.remembered())
    assert state_of(other) == state_of(ward)
    assert isinstance(state_of(other)[0], Records)
    other.state.detection.value_centi[0, 0] += 1
    assert state_of(other) != state_of(ward)
