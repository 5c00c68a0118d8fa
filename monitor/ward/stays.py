"""What a ward remembers of one session besides its phase: reactions seen, steps, what is due."""

from dataclasses import dataclass, field

from monitor.care.products import Product
from monitor.care.rates import RunFinding
from monitor.care.volumes import Flow
from monitor.facts.records import PriorReaction
from monitor.facts.stays import Proposal, WatchWindow
from monitor.facts.views import GivenView


@dataclass(slots=True, kw_only=True)
class Stay:
    """What has been seen in a session, and what was last told of what is due in it.

    ``patterns`` are the pictures that were confirmed, ``worst`` the reaction at its highest
    grade; ``windows`` what is watched for after the end, as last told, and ``watched_until_ms``
    when the last of them ends that keeps the session open. ``drug`` is the product that the pump
    named, ``rate_before_centi`` the rate before the last report, ``step_findings`` what was wrong
    with the last step up, and ``rate_cap_centi`` the cap that an earlier reaction proposes.
    ``flow`` is what has flowed, ``given`` the drugs that were given besides the product;
    ``pump`` is the pump that reported last in this session, and ``pump_heard_ms`` when.
    """

    patterns: set[str] = field(default_factory=set)
    worst: PriorReaction | None = None
    windows: tuple[WatchWindow, ...] = ()
    watched_until_ms: int | None = None
    drug: Product | None = None
    rate_before_centi: int | None = None
    step_findings: tuple[RunFinding, ...] = ()
    pump: str = ""
    pump_heard_ms: int | None = None
    proposals: tuple[Proposal, ...] = ()
    flow: Flow = field(default_factory=Flow)
    given: tuple[GivenView, ...] = ()

    @property
    def rate_cap_centi(self) -> int | None:
        """The cap that an earlier reaction proposes, in hundredths of mL/h."""
        caps = [one.rate_centi_ml_per_h for one in self.proposals if one.rate_centi_ml_per_h]
        return min(caps, default=None)

    def give(self, one: GivenView) -> None:
        """Remember a drug that was given; what is told twice was given once."""
        if one not in self.given:
            self.given = tuple(sorted((*self.given, one), key=lambda each: each.at_ms))

    def note(self, reaction: PriorReaction) -> None:
        """Remember a reaction as it now stands."""
        if reaction.pattern:
            self.patterns.add(reaction.pattern)
        if self.worst is None or reaction.grade > self.worst.grade:
            self.worst = reaction
