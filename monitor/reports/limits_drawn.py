"""Limits of a page: each for as long as it was in force, and in words when they changed."""

from collections.abc import Callable, Mapping, Sequence
from html import escape

from monitor.station.eras import Era, LimitSpan, limit_spans


def moved_spans(
    drawn: Sequence[Era], base_centi: Mapping[str, int], age_centi: int, zero_ms: int
) -> dict[str, list[LimitSpan]]:
    """Return the limits of each channel, with times that count from another one."""

    def moved(at_ms: int | None) -> int | None:
        return None if at_ms is None else at_ms - zero_ms

    return {
        name: [(words, value, side, moved(a), moved(b)) for words, value, side, a, b in spans]
        for name, spans in limit_spans(drawn, base_centi, age_centi).items()
    }


def limits_notice(session_config: str, drawn: Sequence[Era], at: Callable[[int], str]) -> str:
    """Return, as HTML, that other limits are drawn than were in force, or that these changed."""
    if session_config and session_config not in {one.digest for one in drawn}:
        return (
            '<p class="notice">The session ran with another configuration '
            f"(<code>{escape(session_config)}</code>) than the one whose limits are drawn.</p>"
        )
    changes = [
        f"at {escape(at(one.since_ms))} to <code>{escape(one.digest)}</code>"
        for one in drawn
        if one.since_ms is not None
    ]
    if not changes:
        return ""
    return (
        '<p class="notice">The configuration changed while the session ran, '
        f"{', '.join(changes)}; each limit is drawn for as long as it was in force.</p>"
    )
