"""What a ward remembers about one bed besides its numbers."""

from dataclasses import dataclass, field

from monitor.alerts import Episode
from monitor.effects import AdviceChanged
from monitor.products import Product
from monitor.records import SessionReported
from monitor.session import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartedSymptom:
    """A symptom that is present, as last charted."""

    name: str
    severity: str
    onset_ms: int


@dataclass(slots=True, kw_only=True)
class Bedside:
    """One bed: its session, what runs, what was charted, told and advised.

    ``wanted`` holds the measurements that have been asked for and not been made;
    ``misplaced`` the devices whose values were quarantined here, when last and since when.
    """

    name: str
    row: int
    phase: Phase = "none"
    session: str = ""
    opened: SessionReported | None = None
    product: Product | None = None
    rate_centi: int | None = None
    rate_before_centi: int | None = None
    started_ms: int | None = None
    rate_changed_ms: int | None = None
    flow_ended_ms: int | None = None
    symptoms: dict[str, ChartedSymptom] = field(default_factory=dict)
    episodes: dict[str, Episode] = field(default_factory=dict)
    advice: AdviceChanged | None = None
    advised: int = 0
    wanted: frozenset[str] = frozenset()
    baseline: str = "absent"
    grade: int | None = None
    pattern: str = ""
    offline: dict[str, int] = field(default_factory=dict)
    misplaced: dict[str, int] = field(default_factory=dict)
    misplaced_since: dict[str, int] = field(default_factory=dict)

    def begin(self, opened: SessionReported, product: Product | None) -> None:
        """Start afresh for another session; latched alerts of the last one stay to be seen."""
        kept = {cause: one for cause, one in self.episodes.items() if one.signal == "latched"}
        fresh = Bedside(name=self.name, row=self.row, offline=self.offline)
        for name in Bedside.__dataclass_fields__:
            setattr(self, name, getattr(fresh, name))
        self.session, self.opened, self.product = opened.id, opened, product
        self.episodes = kept
