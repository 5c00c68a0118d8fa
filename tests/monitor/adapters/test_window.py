"""The window keeps room for what is urgent, and counts what the broker has not answered."""

import logging

import pytest

from monitor.adapters.window import OUTSTANDING_MAX, PAYLOAD_BYTES_MAX, ROUTINE_MAX, Window


def test_routine_stops_long_before_what_is_urgent() -> None:
    window = Window()
    assert ROUTINE_MAX < OUTSTANDING_MAX
    for number in range(OUTSTANDING_MAX):
        assert window.has_room(is_urgent=True)
        assert window.has_room(is_urgent=False) == (number < ROUTINE_MAX)
        window.open(number, "a")
    assert not window.has_room(is_urgent=True)


def test_answers_make_room_again_also_to_what_nobody_sent() -> None:
    window = Window()
    for number in range(ROUTINE_MAX):
        window.open(number, "a")
    window.confirm(99_999)
    assert len(window) == ROUTINE_MAX
    window.confirm(0)
    assert window.has_room(is_urgent=False)
    window.clear()
    window.confirm(1)
    assert len(window) == 0


def test_what_a_broker_refused_is_named_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    window = Window()
    window.confirm(7, "Not authorized")  # the answer may be here before the number is noted
    window.open(7, "irm/v1/u/17/_/state")
    window.open(8, "irm/v1/u/18/_/state")
    window.confirm(8)
    with caplog.at_level(logging.ERROR):
        assert (len(window), window.refused) == (0, 1)
    (record,) = caplog.records
    words = str(vars(record))
    assert "publish-refused" in words
    assert "irm/v1/u/17/_/state" in words
    assert "Not authorized" in words


def test_what_is_too_large_is_not_handed_over_and_is_named_with_its_limit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    window = Window()
    assert window.can_hold("t", b"x" * PAYLOAD_BYTES_MAX)
    assert not window.can_hold("irm/v1/u/17/_/state", b"x" * (PAYLOAD_BYTES_MAX + 1))
    assert window.refused == 1
    words = str(vars(caplog.records[0]))
    assert f"{PAYLOAD_BYTES_MAX + 1} bytes, at most {PAYLOAD_BYTES_MAX}" in words
    assert "irm/v1/u/17/_/state" in words
