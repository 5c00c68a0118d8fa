"""What the demonstration says of the machine on which it runs."""

from monitor.demo import LATE_MS_MAX, haste


def test_a_machine_that_is_too_busy_is_named_with_a_speed_to_try() -> None:
    assert haste(LATE_MS_MAX, 40.0) == []
    (line,) = haste(LATE_MS_MAX + 1_000, 40.0)
    assert "too busy for 40 times: devices spoke up to 31 s" in line
    assert line.endswith("Try --speed 10.")
    assert haste(LATE_MS_MAX + 1, 2.0)[0].endswith("Try --speed 1.")
