"""The watchman: what a broker does not take is told for a minute after the last of it."""

from types import SimpleNamespace
from typing import Any

from fakes import ManualClock

from monitor.adapters.receipts import Receipts
from monitor.adapters.watchman import REFUSED_TOLD_S, SelfWatch, Watchman
from monitor.care.self_checks import SelfCheckParams

T0_MS = 1_795_514_400_000


def test_what_the_broker_does_not_take_is_told_for_a_minute_after_the_last() -> None:
    at_s = 0.0
    watchman = Watchman(
        SelfWatch(params=SelfCheckParams()),
        unit="u",
        boot="b",
        config="c",
        clock=ManualClock(T0_MS),
        receipts=Receipts(),
        seconds=lambda: at_s,
    )

    def told(refused: int) -> list[tuple[str, str]]:
        well: dict[str, Any] = {
            "link": SimpleNamespace(is_connected=True, window=SimpleNamespace(refused=refused)),
            "backlog": SimpleNamespace(state="ok"),
            "tenure": SimpleNamespace(may_speak=True, standby_lost_s=lambda: None),
        }
        now_ms = T0_MS + int(at_s * 1_000)
        return [(one.cause, one.phase) for one in watchman.look(now_ms, **well)]

    assert told(0) == []
    assert told(1) == [("publish-refused", "start")]
    at_s = REFUSED_TOLD_S - 1
    assert told(2) == []
    at_s += REFUSED_TOLD_S - 1
    assert told(2) == []
    assert len(watchman.checks.labels) == 1
    at_s += 1
    assert ("publish-refused", "end") in told(2)
    assert list(watchman.checks.labels) == []
