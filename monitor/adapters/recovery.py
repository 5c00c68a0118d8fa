"""How a monitor prepares for its own restart, as the site says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryParams:
    """How a monitor prepares for its restart.

    Attributes
    ----------
    snapshot_every_ms
        So often everything that is remembered is written into the journal, in real time.
    """

    snapshot_every_ms: int = 60_000

    def __post_init__(self) -> None:
        """Refuse what would write snapshots without a pause."""
        if self.snapshot_every_ms < 1_000:  # noqa: PLR2004 - one second
            raise ValueError("snapshot_every must be at least 1 s")
