"""Counts for Prometheus, in its text format: forty lines instead of a dependency."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]

HELP: Final = {
    "irm_acts_total": ("counter", "Acts of people by kind and result."),
    "irm_alerts_open": ("gauge", "Open alerts by priority and signal."),
    "irm_audit_failures_total": ("counter", "Lines of the audit that could not be written."),
    "irm_beds": ("gauge", "Beds on the board."),
    "irm_logins_total": ("counter", "Logins by result."),
    "irm_monitor_heard_seconds": ("gauge", "Seconds since the monitor last said that it lives."),
    "irm_monitor_online": ("gauge", "1 if a monitor watches this unit."),
    "irm_refusals_total": ("counter", "Requests that were refused by status of the answer."),
    "irm_screens_blocked": ("gauge", "Screens that cannot sound."),
    "irm_sse_clients": ("gauge", "Open streams."),
    "irm_sse_lost_total": ("counter", "Streams that were ended because they were too slow."),
    "irm_station_connected": ("gauge", "1 if the broker is there."),
    "irm_station_events_total": ("counter", "Events told to screens by name."),
    "irm_station_failures_total": ("counter", "Publications on which the station failed."),
    "irm_station_late_seconds": ("gauge", "How late the event loop of the station was."),
    "irm_station_unreadable_total": ("counter", "Publications that could not be read."),
}


@dataclass(slots=True)
class Counts:
    """Counters that only grow."""

    _counts: dict[str, dict[Labels, float]] = field(default_factory=dict)

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Count something."""
        row = self._counts.setdefault(name, {})
        key = tuple(sorted(labels.items()))
        row[key] = row.get(key, 0) + amount

    def samples(self) -> Iterator[tuple[str, Labels, float]]:
        """Yield everything that was counted."""
        for name, row in self._counts.items():
            for labels, value in row.items():
                yield name, labels, value


def exposition(samples: Iterable[tuple[str, Labels, float]]) -> str:
    """Return samples in the text format, each name with its help and type before it."""
    by_name: dict[str, list[str]] = {}
    for name, labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
        shown = f"{{{inside}}}" if inside else ""
        by_name.setdefault(name, []).append(f"{name}{shown} {value:g}")
    lines = []
    for name in sorted(by_name):
        kind, words = HELP[name]
        lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}", *sorted(by_name[name])]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
