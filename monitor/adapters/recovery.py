"""How a monitor prepares for its own restart, as the site says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryParams:
    """How a monitor prepares for its restart.

    Attributes
    ----------
    snapshot_every_ms
        So often everything that is remembered is written into the journal, in real time.
    keep_messages_ms
        Vitals older than this are folded into chunks; all else that came in is kept.
    keep_vitals_ms
        Chunks older than this are removed.
    """

    snapshot_every_ms: int = 60_000
    keep_messages_ms: int = 7 * 86_400_000
    keep_vitals_ms: int = 365 * 86_400_000

    def __post_init__(self) -> None:
        """Refuse what would write snapshots without a pause."""
        if self.snapshot_every_ms < 1_000:  # noqa: PLR2004 - one second
            raise ValueError("snapshot_every must be at least 1 s")
        if not 0 < self.keep_messages_ms <= self.keep_vitals_ms:
            raise ValueError("keep_messages must be above 0 and at most keep_vitals")
