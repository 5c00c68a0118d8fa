"""What is watched for after the flow: every kind of row in every situation, and when to close."""

from typing import Any, Final

import pytest
from builders import ward_settings

from monitor.care.watches import (
    AfterFlow,
    Holds,
    WindowRow,
    close_refusal,
    minutes_left,
    still_open,
    watch_windows,
    watched_until_ms,
)
from monitor.facts.stays import WatchWindow

HOUR_MS: Final = 3_600_000
END_MS: Final = 1_000
IMMUNOGLOBULIN: Final = ward_settings().product("gammaplex-10-pi")
ANTIBODY: Final = ward_settings().product("ocrelizumab")
OTHER: Final = ward_settings().product("other")


def row(**changed: Any) -> WindowRow:  # noqa: ANN401 - fields differ
    usual: dict[str, Any] = {
        "key": "febrile",
        "words": "fever",
        "since": "end-of-flow",
        "lasts_ms": 4 * HOUR_MS,
        "holds": "stay-after-reaction",
        "source": ("engineering",),
        "patterns": ("febrile",),
    }
    return WindowRow(**{**usual, **changed})


def after(**changed: Any) -> AfterFlow:  # noqa: ANN401 - fields differ
    usual: dict[str, Any] = {
        "product": OTHER,
        "flow_ended_ms": END_MS,
        "epinephrine_ms": None,
        "patterns": frozenset(),
    }
    return AfterFlow(**{**usual, **changed})


# What a row says, whether its picture was seen, and how its window then holds the person.
HOLDS: Final[dict[tuple[Holds, bool], str]] = {
    ("stay", False): "stay",
    ("stay", True): "stay",
    ("stay-after-reaction", False): "watch",
    ("stay-after-reaction", True): "stay",
    ("watch", False): "watch",
    ("watch", True): "watch",
    ("tell", False): "tell",
    ("tell", True): "tell",
}


@pytest.mark.parametrize(("holds", "seen"), HOLDS)
def test_how_a_window_holds(holds: Holds, *, seen: bool) -> None:
    patterns = frozenset({"febrile"} if seen else {"hypertensive"})
    (window,) = watch_windows([row(holds=holds)], after(patterns=patterns))
    assert window.holds == HOLDS[holds, seen]
    assert window.until_ms == END_MS + 4 * HOUR_MS
    is_kept_by_it = holds == "stay-after-reaction" and seen
    assert window.because == ("febrile in this session" if is_kept_by_it else "")


@pytest.mark.parametrize(
    ("since", "flow_ended_ms", "epinephrine_ms", "until_ms"),
    [
        ("end-of-flow", None, None, None),
        ("end-of-flow", None, 500, None),
        ("end-of-flow", END_MS, None, END_MS + 4 * HOUR_MS),
        ("end-of-flow", END_MS, 500, END_MS + 4 * HOUR_MS),
        ("epinephrine", None, None, None),
        ("epinephrine", None, 500, 500 + 4 * HOUR_MS),
        ("epinephrine", END_MS, None, None),
        ("epinephrine", END_MS, 500, 500 + 4 * HOUR_MS),
    ],
)
def test_what_a_window_counts_from(
    since: str, flow_ended_ms: int | None, epinephrine_ms: int | None, until_ms: int | None
) -> None:
    given = after(flow_ended_ms=flow_ended_ms, epinephrine_ms=epinephrine_ms)
    windows = watch_windows([row(since=since)], given)
    assert [window.until_ms for window in windows] == ([] if until_ms is None else [until_ms])


def test_a_row_for_a_kind_of_product_holds_for_no_other() -> None:
    rows = [row(kinds=("monoclonal",))]
    assert watch_windows(rows, after(product=ANTIBODY))[0].key == "product"
    assert [one.key for one in watch_windows(rows, after(product=ANTIBODY))] == [
        "product",
        "febrile",
    ]
    assert watch_windows(rows, after()) == ()
    assert watch_windows(rows, after(product=None)) == ()


def test_the_product_asks_for_a_watch_of_its_own_once_the_flow_has_ended() -> None:
    (window,) = watch_windows([], after(product=IMMUNOGLOBULIN))
    assert IMMUNOGLOBULIN is not None
    assert window.until_ms == END_MS + (IMMUNOGLOBULIN.watch_after_ms or 0)
    assert window.source == IMMUNOGLOBULIN.source
    assert watch_windows([], after(product=IMMUNOGLOBULIN, flow_ended_ms=None)) == ()


def window(key: str, until_h: int, holds: str) -> WatchWindow:
    return WatchWindow(
        key=key,
        words=key,
        until_ms=until_h * HOUR_MS,
        holds=holds,  # type: ignore[arg-type]  # as the caller says
        source=(),
    )


WINDOWS: Final = (window("a", 1, "stay"), window("b", 6, "watch"), window("c", 72, "tell"))


def test_a_window_is_over_at_its_end() -> None:
    assert still_open(WINDOWS, 0) == WINDOWS
    assert still_open(WINDOWS, HOUR_MS - 1) == WINDOWS
    assert still_open(WINDOWS, HOUR_MS) == WINDOWS[1:]


def test_a_session_that_nobody_closes_is_watched_to_the_last_window_but_what_is_told() -> None:
    assert watched_until_ms(WINDOWS) == 6 * HOUR_MS
    assert watched_until_ms(WINDOWS[2:]) is None
    assert watched_until_ms(()) is None


def test_closing_before_its_time_needs_a_reason() -> None:
    refused = close_refusal(WINDOWS, HOUR_MS - 61_000, "")
    assert refused == "still watched: a for 2 min more; to close earlier give a reason"
    assert close_refusal(WINDOWS, HOUR_MS - 61_000, "moved to intensive care") == ""
    assert close_refusal(WINDOWS, HOUR_MS, "") == ""
    assert close_refusal((), 0, "") == ""


@pytest.mark.parametrize(("left_ms", "minutes"), [(1, 1), (60_000, 1), (60_001, 2), (0, 0)])
def test_a_begun_minute_is_counted_whole(left_ms: int, minutes: int) -> None:
    assert minutes_left(5 + left_ms, 5) == minutes


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"lasts_ms": 0}, "lasts must be above 0"),
        ({"key": "product"}, "stands for the product's own watch"),
        ({"patterns": ()}, "names its patterns"),
    ],
)
def test_a_row_that_says_nothing_is_refused(changed: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        row(**changed)


def test_the_windows_are_those_that_are_published() -> None:
    hours = {one.key: one.lasts_ms / HOUR_MS for one in ward_settings().windows}
    assert hours == {
        "hypotensive": 1,
        "febrile": 4,
        "allergic": 4,
        "lung-injury": 6,
        "fluid-overload": 12,
        "monoclonal": 24,
        "headache": 72,
        "biphasic": 6,
    }
