"""Receipts cover a number only when all below it are kept, and give a gap up in the end."""

from fakes import systolic
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.receipts import PATIENCE_MS, Receipt, Receipts
from monitor.facts.records import Input, RawMessage
from monitor.wire.messages import decode

NOW_MS = 1_795_000_000_000


def kept(sequence: int, boot: str = "b1", bed: str = "17") -> Input:
    payload = systolic(sequence, 120, NOW_MS, boot)
    raw = RawMessage(received_ms=NOW_MS, topic=f"irm/v1/u/{bed}/mon/vitals", payload=payload)
    return decode(raw, position=0)


def covered(receipts: Receipts) -> list[int]:
    return [receipt.sequence for receipt in receipts.news()]


def test_counting_begins_at_zero() -> None:
    receipts = Receipts()
    receipts.keep([kept(0)], NOW_MS)
    assert receipts.news() == [Receipt(bed="17", device="mon", boot="b1", sequence=0)]
    assert receipts.news() == []


def test_what_was_sent_before_the_first_that_was_heard_is_waited_for() -> None:
    receipts = Receipts()
    receipts.keep([kept(500)], NOW_MS)
    receipts.keep([kept(501)], NOW_MS + PATIENCE_MS - 1)
    assert covered(receipts) == []
    again = Receipts()
    again.recall(receipts.kept(), receipts.gaps)
    assert covered(again) == []
    again.keep([kept(n) for n in range(500)], NOW_MS + PATIENCE_MS - 1)
    assert covered(again) == [501]
    # A device that has nothing older is believed after a while, and has lost nothing.
    receipts.keep([kept(502)], NOW_MS + PATIENCE_MS)
    assert covered(receipts) == [502]
    assert receipts.gaps == again.gaps == 0


def test_a_gap_holds_the_receipt_until_it_is_filled() -> None:
    receipts = Receipts()
    receipts.keep([kept(0), kept(1), kept(2), kept(4), kept(5)], NOW_MS)
    assert covered(receipts) == [2]
    receipts.keep([kept(6)], NOW_MS + PATIENCE_MS - 1)
    assert covered(receipts) == []
    receipts.keep([kept(3)], NOW_MS + PATIENCE_MS - 1)
    assert covered(receipts) == [6]
    assert receipts.gaps == 0


def test_a_gap_that_nobody_fills_is_given_up_and_counted() -> None:
    receipts = Receipts()
    receipts.keep([kept(0), kept(1), kept(4)], NOW_MS)
    receipts.keep([kept(6)], NOW_MS + 1)
    receipts.keep([kept(7)], NOW_MS + PATIENCE_MS)
    assert covered(receipts) == [4]
    assert receipts.gaps == 2
    receipts.keep([kept(8)], NOW_MS + PATIENCE_MS + 1)
    assert covered(receipts) == [8]
    assert receipts.gaps == 3


def test_all_gaps_that_have_lasted_are_given_up_together() -> None:
    receipts = Receipts()
    receipts.keep([kept(0), *(kept(n) for n in range(2, 200, 2))], NOW_MS)
    receipts.keep([kept(201)], NOW_MS + PATIENCE_MS - 1)
    assert covered(receipts) == [0]
    receipts.keep([kept(202)], NOW_MS + PATIENCE_MS)
    # 199 and 200 may still come: what lies above them has come only now.
    assert covered(receipts) == [198]
    assert receipts.gaps == 99


def test_a_device_that_sends_nothing_more_gets_its_receipt_too() -> None:
    receipts = Receipts()
    receipts.keep([kept(1)], NOW_MS)
    receipts.keep([kept(0, "b2"), kept(3, "b2")], NOW_MS + 1)
    again = Receipts()
    again.recall(receipts.kept(), receipts.gaps)
    for each in (receipts, again):
        assert covered(each) == [0]
        each.keep([], NOW_MS + PATIENCE_MS - 1)
        assert covered(each) == []
        each.keep([], NOW_MS + PATIENCE_MS)
        assert covered(each) == [1]
        each.keep([], NOW_MS + PATIENCE_MS + 1)
        assert covered(each) == [3]
        assert each.gaps == 2
        each.keep([], NOW_MS + 9 * PATIENCE_MS)
        assert covered(each) == []


def test_every_start_of_a_device_is_counted_for_itself() -> None:
    receipts = Receipts()
    receipts.keep([kept(0, "b1"), kept(0, "b2"), kept(1, "b1"), kept(2, "b1")], NOW_MS)
    assert [(one.boot, one.sequence) for one in receipts.news()] == [("b1", 2), ("b2", 0)]


@given(st.permutations(range(1, 12)))
def test_any_order_of_arrival_covers_the_same(order: list[int]) -> None:
    receipts = Receipts()
    receipts.keep([kept(0)], NOW_MS)
    seen = {0}
    for sequence in order:
        receipts.keep([kept(sequence), kept(sequence)], NOW_MS)
        seen.add(sequence)
        whole = next(n for n in range(13) if n + 1 not in seen)
        assert all(number <= whole for number in covered(receipts))
    receipts.keep([kept(12)], NOW_MS)
    assert covered(receipts) == [12]
