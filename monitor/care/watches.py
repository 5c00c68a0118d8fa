"""What is still watched for after the drug has stopped flowing, and until when.

Reactions belong to an infusion for different times after its end: a fall of pressure for an
hour, an overload for half a day. Every window is a row with its source. A window *stays* when
the person should not leave before it ends, *watches* when the session stays open until then if
nobody closes it, and only *tells* when it is what a person takes home to know.

What was seen in a session weighs: the window of a picture that occurred makes the person stay,
and epinephrine starts a window of its own, because a reaction may come back hours after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from monitor.care.ladders import Pattern
from monitor.care.products import Product, ProductKind
from monitor.facts.stays import WatchHolds, WatchWindow

Since: TypeAlias = Literal["end-of-flow", "epinephrine"]
Holds: TypeAlias = Literal["stay", "stay-after-reaction", "watch", "tell"]

PRODUCT_WINDOW: Final = "product"
"""Key of the window that a product's own row asks for."""

MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRow:
    """One window as the site writes it; ``patterns`` are the pictures that it waits for.

    ``kinds`` restricts it to kinds of product; empty means every one.
    """

    key: str
    words: str
    since: Since
    lasts_ms: int
    holds: Holds
    source: tuple[str, ...]
    patterns: tuple[Pattern, ...] = ()
    kinds: tuple[ProductKind, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a window without length, or one that waits for no picture and yet for one."""
        if self.lasts_ms <= 0:
            raise ValueError(f"lasts must be above 0, got {self.lasts_ms} ms")
        if self.key == PRODUCT_WINDOW:
            raise ValueError(f"the key {PRODUCT_WINDOW!r} stands for the product's own watch")
        if self.holds == "stay-after-reaction" and not self.patterns:
            raise ValueError("a window that stays after a reaction names its patterns")


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterFlow:
    """What the windows of a session depend on; None where it has not been."""

    product: Product | None
    flow_ended_ms: int | None
    epinephrine_ms: int | None
    patterns: frozenset[str]


def watch_windows(rows: Sequence[WindowRow], after: AfterFlow) -> tuple[WatchWindow, ...]:
    """Return every window of a session, the first to end first.

    While the drug flows there are none but that of epinephrine.
    """
    made = [_window(row, after) for row in rows if _applies(row, after)]
    product, flows = after.product, after.flow_ended_ms is None
    if product is not None and product.watch_after_ms is not None and not flows:
        made.append(
            WatchWindow(
                key=PRODUCT_WINDOW,
                words=f"watch after {product.name}",
                until_ms=(after.flow_ended_ms or 0) + product.watch_after_ms,
                holds="stay",
                because="asked for by the product",
                source=product.source,
            )
        )
    return tuple(sorted(made, key=lambda window: (window.until_ms, window.key)))


def still_open(windows: Sequence[WatchWindow], now_ms: int) -> tuple[WatchWindow, ...]:
    """Return the windows that have not ended."""
    return tuple(window for window in windows if window.until_ms > now_ms)


def watched_until_ms(windows: Sequence[WatchWindow]) -> int | None:
    """Return when a session that nobody closes has been watched long enough."""
    return max((one.until_ms for one in windows if one.holds != "tell"), default=None)


def close_refusal(windows: Sequence[WatchWindow], at_ms: int, reason: str) -> str:
    """Return why a session may not be closed now, or "": before its time only with a reason."""
    staying = [one for one in still_open(windows, at_ms) if one.holds == "stay"]
    if not staying or reason:
        return ""
    words = ", ".join(
        f"{one.words} for {minutes_left(one.until_ms, at_ms)} min more" for one in staying
    )
    return f"still watched: {words}; to close earlier give a reason"


def minutes_left(until_ms: int, at_ms: int) -> int:
    """Return the minutes until a time, begun ones counted whole."""
    return -((at_ms - until_ms) // MINUTE_MS)


def _applies(row: WindowRow, after: AfterFlow) -> bool:
    kind = after.product.kind if after.product is not None else "other"
    since_ms = after.flow_ended_ms if row.since == "end-of-flow" else after.epinephrine_ms
    return since_ms is not None and (not row.kinds or kind in row.kinds)


def _window(row: WindowRow, after: AfterFlow) -> WatchWindow:
    seen = sorted(after.patterns & set(row.patterns))
    since_ms = after.flow_ended_ms if row.since == "end-of-flow" else after.epinephrine_ms
    holds: WatchHolds = "watch" if row.holds == "stay-after-reaction" else row.holds
    because = ""
    if row.since == "epinephrine":
        because = "epinephrine was given"
    elif seen and row.holds == "stay-after-reaction":
        holds, because = "stay", f"{' and '.join(seen)} in this session"
    return WatchWindow(
        key=row.key,
        words=row.words,
        until_ms=(since_ms or 0) + row.lasts_ms,
        holds=holds,
        because=because,
        source=row.source,
    )
