"""The window keeps room for what is urgent, and counts what the broker has not answered."""

from monitor.adapters.window import OUTSTANDING_MAX, ROUTINE_MAX, Window


def test_routine_stops_long_before_what_is_urgent() -> None:
    window = Window()
    assert ROUTINE_MAX < OUTSTANDING_MAX
    for number in range(OUTSTANDING_MAX):
        assert window.has_room(is_urgent=True)
        assert window.has_room(is_urgent=False) == (number < ROUTINE_MAX)
        window.open(number)
    assert not window.has_room(is_urgent=True)


def test_answers_make_room_again_also_to_what_nobody_sent() -> None:
    window = Window()
    for number in range(ROUTINE_MAX):
        window.open(number)
    window.confirm(99_999)
    assert len(window) == ROUTINE_MAX
    window.confirm(0)
    assert window.has_room(is_urgent=False)
    window.clear()
    window.confirm(1)
    assert len(window) == 0
