"""What a ward remembers of one session besides its phase: reactions seen, doses, what is due."""

from dataclasses import dataclass, field

from monitor.facts.effects import WatchWindow


@dataclass(slots=True, kw_only=True)
class Stay:
    """What has been seen in a session, and what was last told of what is due in it.

    ``patterns`` are the pictures that were confirmed; ``windows`` what is watched for after the
    end, as last told, and ``watched_until_ms`` when the last of them ends that keeps the session
    open.
    """

    patterns: set[str] = field(default_factory=set)
    windows: tuple[WatchWindow, ...] = ()
    watched_until_ms: int | None = None
