"""A ward that is brought back from a snapshot is the ward that never died, down to the last bit."""

from dataclasses import replace
from typing import Any, Final

import msgspec
import numpy as np
import pytest
from builders import ward_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sameness import differences
from ward_builders import UNIT, anaphylactic, numbered, of, opened, session, status, vitals
from ward_streams import BEDS, Stream, cut, lines, resolved, streams, told

from monitor.facts.effects import AlertChanged
from monitor.ward.snapshots import Records, SnapshotError
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings
from monitor.ward.ward_state import WardState

NOT_KEPT: Final = frozenset({"ranges", "_told"})
"""The quiet ranges follow from baselines and ages; the effects of a step are told when it ends."""

few = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def brought_back(ward: Ward, made: WardSettings) -> Ward:
    other = Ward(made, unit=UNIT)
    other.recall(ward.remembered())
    return other


def same(ward: Ward, other: Ward) -> list[str]:
    """Return where two wards differ, also in what a snapshot does not name."""
    found = list(differences(ward.state.arrays(), other.state.arrays(), but=NOT_KEPT))
    return found + list(differences(ward, other, but=NOT_KEPT))


@few
@given(
    stream=streams(beds=(*BEDS, "3")),
    ends=st.lists(st.integers(0, 120), max_size=12),
    at=st.integers(0, 60),
)
def test_a_ward_goes_on_from_any_step_as_if_it_had_never_died(
    stream: Stream, ends: list[int], at: int
) -> None:
    made = ward_settings()
    steps = cut(resolved(made, stream), ends)
    ward = Ward(made, unit=UNIT)
    told(ward, steps[:at])
    other = brought_back(ward, made)
    assert same(ward, other) == []
    assert other.remembered() == ward.remembered() or has_sets_in_other_order(ward, other)
    now_ms = stream[-1].received_ms
    expected = lines(told(ward, steps[at:]))
    assert lines(told(other, steps[at:])) == expected
    assert same(ward, other) == []
    assert other.view(now_ms) == ward.view(now_ms)
    assert other.hand_over(now_ms) == ward.hand_over(now_ms)


def has_sets_in_other_order(ward: Ward, other: Ward) -> bool:
    """Tell whether two snapshots are equal once their sets are sorted."""
    first, second = (msgspec.msgpack.decode(one.remembered()) for one in (ward, other))
    assert first.pop("values") == second.pop("values")
    mine, yours = (msgspec.convert(one.pop("records"), Records) for one in (first, second))
    return bool(first == second and mine == yours)


def test_a_snapshot_of_many_beds_brings_back_each_of_them() -> None:
    made = ward_settings()
    ward = Ward(made, unit=UNIT)
    for number in range(40):
        reports = session(number, bed=f"b{number}"), vitals(number, bed=f"b{number}", hr=60)
        ward.take(reports[0].received_ms, numbered(reports))
    other = brought_back(ward, made)
    assert other.remembered() == ward.remembered()
    assert other.view(0) == ward.view(0)


def test_nothing_of_a_ward_is_forgotten() -> None:
    """A new attribute must be kept, be an array, or be named here with its reason."""
    arrays = {name for name, one in vars(state_of_nobody()).items() if isinstance(one, np.ndarray)}
    # Configuration and what is made of it, and the effects of the last step.
    follows = {"settings", "unit", "ordinary_centi", "_told"}
    in_arrays = {"detection", "shelf"}
    assert set(vars(state_of_nobody())) == (
        arrays | set(Records.__struct_fields__) | follows | in_arrays
    )


def state_of_nobody() -> WardState:
    return WardState(ward_settings(), UNIT)


def in_trouble() -> Ward:
    return anaphylactic().ward


def changed(body: bytes, **parts: Any) -> bytes:  # noqa: ANN401 - parts of a snapshot differ
    """Return a snapshot with some of its parts replaced."""
    return msgspec.msgpack.encode({**msgspec.msgpack.decode(body), **parts})


def refusal(body: bytes) -> str:
    ward = Ward(ward_settings(), unit=UNIT)
    before = ward.remembered()
    with pytest.raises(SnapshotError) as refused:
        ward.recall(body)
    assert ward.remembered() == before
    return str(refused.value)


def test_a_snapshot_of_something_else_is_refused_and_says_why() -> None:
    body = in_trouble().remembered()
    arrays = msgspec.msgpack.decode(body)["arrays"]
    assert "other fields" in refusal(changed(body, shape="0"))
    assert "of unit 'else'" in refusal(changed(body, unit="else"))
    assert "bytes" in refusal(changed(body, values=b""))
    assert "cannot be read" in refusal(body[:-1])
    assert "cannot be read" in refusal(b"")
    assert "type" in refusal(changed(body, arrays=[[n, "?!", s] for n, _, s in arrays]))
    assert "cannot be read" in refusal(changed(body, arrays=[[n, "|O", s] for n, _, s in arrays]))
    name, dtype, shape = arrays[0]
    other = [["else", dtype, shape], *arrays[1:]]
    assert f"differ from those of this program: {name}, else" in refusal(
        changed(body, arrays=other)
    )
    more = [[name, dtype, [shape[0] + 1, *shape[1:]]], *arrays[1:]]
    assert "other rows" in refusal(changed(body, arrays=more))
    records = msgspec.msgpack.decode(body)["records"]
    roster = {**records["roster"], "beds": {"elsewhere": 0}}
    assert "roster" in refusal(changed(body, records={**records, "roster": roster}))


def test_a_ward_that_already_watches_is_not_brought_back() -> None:
    ward = in_trouble()
    with pytest.raises(SnapshotError, match="only a fresh ward"):
        ward.recall(ward.remembered())


@few
@given(st.data())
def test_a_damaged_snapshot_is_read_or_refused_but_never_half_taken(data: st.DataObject) -> None:
    body = bytearray(in_trouble().remembered())
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))
    ward = Ward(ward_settings(), unit=UNIT)
    try:
        ward.recall(bytes(body))
    except SnapshotError:
        assert ward.remembered() == Ward(ward_settings(), unit=UNIT).remembered()


def test_a_clock_that_a_device_called_wrong_is_right_again_after_a_restart_too() -> None:
    made = ward_settings()
    play = opened(settings=made)
    play.take(vitals(10, hr=80), replace(status(20, online=True), clock_offset_ms=90_000))
    other = brought_back(play.ward, made)
    on_time = numbered((vitals(30, hr=80),))
    expected = play.ward.take(on_time[0].received_ms, on_time)
    assert [one.cause for one in of(AlertChanged, expected) if one.phase == "end"] == [
        "clock:mon-1"
    ]
    assert other.take(on_time[0].received_ms, on_time) == expected
