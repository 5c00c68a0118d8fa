"""Who of several monitors speaks: every cell of the table, and the ages that make its events."""

import pytest

from monitor.adapters.succession import (
    ALIVE_S,
    EVENTS,
    EXPIRY_S,
    FENCE_S,
    GRACE_S,
    SETTLED_S,
    STATES,
    TABLE,
    Succession,
    SuccessionEvent,
    SuccessionState,
    boot_name,
    is_from_successor,
)
from monitor.wire.leases import LeasePayload, lease_of, standby_of
from monitor.wire.outbound import encode_published

OURS, LATER, EARLIER = boot_name(2_000, 7), boot_name(3_000, 7), boot_name(1_000, 7)

CELLS = """
          free           taken         expired        released       echoed          unopposed
starting  claiming:claim standby:watch -              -              -               -
standby   -              -             claiming:claim claiming:claim -               -
claiming  -              -             -              -              holding:speak   holding:speak
holding   -              -             -              -              -               -
doubtful  -              -             -              -              holding:assert  holding:assert
left      -              -             -              -              -               -

          outranked      succeeded     outdated        unconfirmed
starting  -              left:         -               -
standby   -              left:         -               -
claiming  standby:watch  left:         claiming:assert -
holding   standby:yield  left:         holding:assert  doubtful:silence
doubtful  standby:yield  left:         doubtful:assert -
left      -              -             -               -
"""


def cells() -> dict[tuple[str, str], str]:
    """Return every cell of the table as it is written above."""
    found: dict[tuple[str, str], str] = {}
    for part in CELLS.strip("\n").split("\n\n"):
        head, *lines = part.splitlines()
        for line in lines:
            state, *entries = line.split()
            found |= {
                (state, event): entry for event, entry in zip(head.split(), entries, strict=True)
            }
    return found


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_every_cell_of_the_table(state: SuccessionState, event: SuccessionEvent) -> None:
    one = Timed().one
    one.state = state
    act = one._moved(event)
    expected = cells()[state, event]
    after, _, expected_act = (expected if expected != "-" else f"{state}:").partition(":")
    assert (one.state, act) == (after, expected_act)
    assert (event in TABLE[state]) == (expected != "-")


class Timed:
    """One run in the succession, and its clock."""

    def __init__(self, *, is_paired: bool = False) -> None:
        self.now_s = 100.0
        self.one = Succession(boot=OURS, is_paired=is_paired, seconds=lambda: self.now_s)
        self.one.connected()

    def wait(self, seconds: float) -> str:
        self.now_s += seconds
        return self.one.look()

    def echo(self) -> str:
        """Let the newest word of this run come back."""
        beat = self.one.next_beat()
        if self.one.is_claiming:
            return self.hear(OURS, term=self.one.term, beat=beat, is_paired=self.one.is_paired)
        return self.one.hear_word(beat)

    def hear(
        self,
        holder: str,
        *,
        term: int,
        is_paired: bool = True,
        is_retained: bool = False,
        state: str = "held",
        beat: int = 1,
    ) -> str:
        lease = LeasePayload(
            state="held" if state == "held" else "released",
            t="",
            term=term,
            holder=holder,
            paired=is_paired,
            beat=beat,
        )
        return self.one.hear_lease(lease, is_retained=is_retained)


def holding(*, is_paired: bool = False, has_partner: bool = True) -> Timed:
    timed = Timed(is_paired=is_paired)
    assert timed.echo() == "claim"
    assert timed.echo() == "speak"
    timed.one.has_partner = has_partner
    assert timed.one.may_speak
    return timed


def waiting(*, is_retained: bool = False) -> Timed:
    timed = Timed(is_paired=True)
    assert timed.hear(EARLIER, term=4, is_retained=is_retained, is_paired=False) == ""
    assert timed.echo() == "watch"
    return timed


def test_alone_the_first_term_is_taken_as_soon_as_the_broker_has_answered() -> None:
    timed = holding(has_partner=False)
    assert timed.one.term == 1
    assert timed.one.took_over_s is None
    assert timed.one.is_settled


def test_a_broker_that_gives_nothing_back_makes_nobody_dumb() -> None:
    timed = Timed()
    assert timed.wait(SETTLED_S) == ""
    assert timed.wait(0.1) == "claim"
    assert timed.wait(SETTLED_S + 0.1) == "speak"
    assert timed.wait(100.0) == "", "without a partner nobody has to prove a lease"
    assert timed.one.may_speak


def test_a_lease_of_a_pair_that_is_alive_makes_a_new_one_wait() -> None:
    timed = Timed()
    timed.hear(EARLIER, term=9, is_retained=True)
    assert timed.echo() == "watch"
    assert timed.one.state == "standby"


def test_a_lease_of_one_who_is_gone_is_taken_in_whatever_order_it_is_heard() -> None:
    for will_first in (True, False):
        timed = Timed(is_paired=True)
        for part in (will_first, not will_first):
            if part:
                timed.one.hear_gone(EARLIER)
            else:
                timed.hear(EARLIER, term=9, is_retained=True)
        assert timed.echo() == "claim"
        assert timed.one.term == 10


def test_of_two_without_a_standby_the_later_goes_on_and_the_earlier_leaves() -> None:
    later = Timed()
    later.hear(EARLIER, term=5, is_paired=False, is_retained=True)
    assert later.echo() == "claim"
    earlier = holding()
    assert earlier.hear(LATER, term=2, is_paired=False) == ""
    assert earlier.one.state == "left"


def test_a_later_one_of_which_only_a_word_stands_is_outbid_at_a_start() -> None:
    timed = Timed()
    timed.hear(LATER, term=5, is_paired=False, is_retained=True)
    assert timed.one.state == "starting"
    assert timed.echo() == "claim"
    assert timed.one.term == 6


def test_a_silent_holder_is_followed_after_the_expiry_and_not_before() -> None:
    timed = waiting()
    for _ in range(20):
        timed.wait(0.4)
        timed.echo()
        timed.hear(EARLIER, term=4, is_paired=False)
        assert timed.one.look() == ""
    timed.wait(EXPIRY_S)
    timed.echo()
    assert timed.one.look() == ""
    assert timed.wait(0.1) == "claim"
    assert timed.one.term == 5
    assert timed.echo() == "speak"
    assert timed.one.took_over_s == timed.now_s


def test_a_standby_that_hears_not_even_itself_takes_nothing() -> None:
    timed = waiting()
    timed.hear(EARLIER, term=4, is_paired=False)
    assert timed.wait(EXPIRY_S + ALIVE_S) == ""
    timed.echo()
    assert timed.one.look() == "claim"


def test_a_holder_that_says_good_bye_or_leaves_a_will_is_followed_at_once() -> None:
    timed = waiting()
    assert timed.one.hear_gone(LATER) == ""
    assert timed.one.hear_gone(EARLIER) == "claim"
    timed = waiting()
    assert timed.hear(EARLIER, term=4, state="released") == "claim"


def test_a_holder_whose_will_came_too_early_is_believed_when_it_beats_again() -> None:
    timed = Timed(is_paired=True)
    timed.hear(EARLIER, term=4)
    timed.one.hear_gone(EARLIER)
    timed.hear(EARLIER, term=4, beat=2)
    assert timed.echo() == "watch"


def test_after_a_new_connection_the_holder_has_time_to_come_back() -> None:
    timed = waiting()
    timed.one.connected()
    timed.hear(EARLIER, term=4, is_retained=True, is_paired=False)
    timed.wait(GRACE_S)
    timed.echo()
    assert timed.one.look() == ""
    assert timed.wait(0.1) == "claim"


def test_a_new_connection_of_our_own_making_gives_nobody_time() -> None:
    timed = waiting()
    timed.hear(EARLIER, term=4, is_paired=False)
    timed.one.expect_connection()
    timed.one.connected()
    timed.wait(EXPIRY_S)
    timed.echo()
    assert timed.wait(0.1) == "claim"


def test_a_holder_that_was_frozen_is_silent_until_it_knows_and_then_waits() -> None:
    timed = holding()
    timed.hear(EARLIER, term=1, is_paired=True)
    assert timed.wait(60.0) == "silence"
    assert not timed.one.may_speak
    assert timed.hear(LATER, term=2) == "yield"
    assert timed.one.state == "standby"
    assert timed.one.term == 0


def test_a_holder_that_was_only_slow_goes_on() -> None:
    timed = holding()
    assert timed.wait(FENCE_S + 0.1) == "silence"
    assert timed.echo() == "assert"
    assert timed.one.may_speak
    assert timed.wait(FENCE_S + 0.1) == "silence"
    timed.one.has_partner = False
    assert timed.wait(0.1) == "assert", "nobody is there who could take the lease"


def test_a_beat_counts_from_when_it_was_sent() -> None:
    timed = holding()
    beat = timed.one.next_beat()
    timed.wait(FENCE_S - 0.1)
    assert timed.hear(OURS, term=1, beat=beat) == ""
    assert timed.wait(0.2) == "silence"


def test_a_new_connection_is_not_believed_before_the_lease_has_come_back() -> None:
    timed = holding()
    assert timed.one.connected() == "silence"
    assert timed.echo() == "assert"
    alone = holding(has_partner=False)
    assert alone.one.connected() == ""
    assert alone.one.may_speak
    assert not alone.one.is_settled
    alone.wait(SETTLED_S + 0.1)
    assert alone.one.is_settled


def test_an_old_lease_is_answered_and_an_old_word_of_our_own_counts_for_nothing() -> None:
    timed = holding()
    timed.one.term = 5
    assert timed.hear(LATER, term=4) == "assert"
    assert timed.hear(OURS, term=4, beat=99) == ""
    assert timed.one.hear_word(99) == ""
    assert timed.hear(LATER, term=5) == "yield", "of equal terms the later run counts"


def test_of_two_claims_of_one_term_the_later_run_wins() -> None:
    timed = Timed(is_paired=True)
    assert timed.echo() == "claim"
    assert timed.hear(EARLIER, term=1) == "assert"
    assert timed.hear(LATER, term=1) == "watch"
    assert timed.one.heard is not None
    assert timed.one.silent_s() == 0.0


def test_a_lower_term_than_one_that_was_heard_is_nothing_to_a_standby() -> None:
    timed = waiting()
    assert timed.hear(LATER, term=3) == ""
    assert timed.one.heard is not None
    assert timed.one.heard.term == 4


def test_a_successor_is_known_by_its_lease() -> None:
    def lease(**changed: object) -> bytes:
        fields: dict[str, object] = {"state": "held", "t": "", "term": 1, "holder": LATER}
        return encode_published(LeasePayload(**{**fields, **changed}))  # type: ignore[arg-type]  # fields differ

    assert is_from_successor(lease(), OURS)
    assert not is_from_successor(lease(holder=EARLIER), OURS)
    assert not is_from_successor(lease(holder="zzz"), OURS)
    assert not is_from_successor(lease(state="released"), OURS)
    assert not is_from_successor(lease(paired=True), OURS)
    assert not is_from_successor(b"{", OURS)
    assert lease_of(b"\xff") is None
    assert standby_of(b"") is None
