"""Receipts cover a number only when all below it are kept, and give a gap up in the end."""

from collections.abc import Iterable

from fakes import systolic
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.receipts import LISTENED_MS_MAX, PATIENCE_MS, Receipt, Receipts
from monitor.facts.records import Input, RawMessage
from monitor.wire.messages import decode

NOW_MS = 1_795_000_000_000


class Listening(Receipts):
    """Receipts that are asked every second, as a monitor asks them that nothing keeps from it."""

    def keep(self, inputs: Iterable[Input], now_ms: int) -> None:
        """Take the steps in which nothing came, and then this one."""
        for quiet_ms in range(
            self._last_ms + 1_000 if self._last_ms > 0 else now_ms, now_ms, 1_000
        ):
            super().keep([], quiet_ms)
        super().keep(inputs, now_ms)


def kept(sequence: int, boot: str = "b1", bed: str = "17", kind: str = "vitals") -> Input:
    payload = systolic(sequence, 120, NOW_MS, boot)
    raw = RawMessage(received_ms=NOW_MS, topic=f"irm/v1/u/{bed}/mon/{kind}", payload=payload)
    return decode(raw, position=0)


def covered(receipts: Receipts) -> list[int]:
    return [receipt.sequence for receipt in receipts.news()]


def test_counting_begins_at_zero() -> None:
    receipts = Listening()
    receipts.keep([kept(0)], NOW_MS)
    assert receipts.news() == [Receipt(bed="17", device="mon", boot="b1", sequence=0)]
    assert receipts.news() == []


def test_what_was_sent_before_the_first_that_was_heard_is_waited_for() -> None:
    receipts = Listening()
    receipts.keep([kept(500)], NOW_MS)
    receipts.keep([kept(501)], NOW_MS + PATIENCE_MS - 1)
    assert covered(receipts) == []
    again = Listening()
    again.recall(receipts.kept())
    assert covered(again) == []
    again.keep([kept(n) for n in range(500)], NOW_MS + PATIENCE_MS - 1)
    assert covered(again) == [501]
    # A device that has nothing older is believed after a while, and has lost nothing.
    receipts.keep([kept(502)], NOW_MS + PATIENCE_MS)
    assert covered(receipts) == [502]
    assert receipts.gaps == again.gaps == 0


def test_a_gap_holds_the_receipt_until_it_is_filled() -> None:
    receipts = Listening()
    receipts.keep([kept(0), kept(1), kept(2), kept(4), kept(5)], NOW_MS)
    assert covered(receipts) == [2]
    receipts.keep([kept(6)], NOW_MS + PATIENCE_MS - 1)
    assert covered(receipts) == []
    receipts.keep([kept(3)], NOW_MS + PATIENCE_MS - 1)
    assert covered(receipts) == [6]
    assert receipts.gaps == 0


def test_a_gap_that_nobody_fills_is_given_up_and_counted() -> None:
    receipts = Listening()
    receipts.keep([kept(0), kept(1), kept(4)], NOW_MS)
    receipts.keep([kept(6)], NOW_MS + 1)
    receipts.keep([kept(7)], NOW_MS + PATIENCE_MS)
    assert covered(receipts) == [4]
    assert receipts.gaps == 2
    receipts.keep([kept(8)], NOW_MS + PATIENCE_MS + 1)
    assert covered(receipts) == [8]
    assert receipts.gaps == 3


def test_a_clock_that_is_set_forward_gives_nothing_up() -> None:
    """What is on its way is a moment late, and not an hour."""
    receipts, again = Receipts(), Receipts()
    receipts.keep([kept(0), kept(2)], NOW_MS)
    again.recall(receipts.kept())
    for each in (receipts, again):
        assert covered(each) == [0]
        each.keep([], NOW_MS + 60 * PATIENCE_MS)
        assert covered(each) == []
        each.keep([], NOW_MS)
        each.keep([kept(1)], NOW_MS + 60 * PATIENCE_MS)
        assert covered(each) == [2]
        assert each.gaps == 0
    assert again.kept() == receipts.kept()


def test_a_gap_is_given_up_after_a_minute_of_listening_on_either_side_of_a_leap() -> None:
    receipts = Listening()
    receipts.keep([kept(0), kept(2)], NOW_MS)
    receipts.keep([], NOW_MS + PATIENCE_MS // 2)
    Receipts.keep(receipts, [], NOW_MS + 60 * PATIENCE_MS)
    left_ms = PATIENCE_MS - PATIENCE_MS // 2 - LISTENED_MS_MAX
    receipts.keep([], NOW_MS + 60 * PATIENCE_MS + left_ms - 1)
    assert covered(receipts) == [0]
    receipts.keep([], NOW_MS + 60 * PATIENCE_MS + left_ms)
    assert covered(receipts) == [2]


def test_all_gaps_that_have_lasted_are_given_up_together() -> None:
    receipts = Listening()
    receipts.keep([kept(0), *(kept(n) for n in range(2, 200, 2))], NOW_MS)
    receipts.keep([kept(201)], NOW_MS + PATIENCE_MS - 1)
    assert covered(receipts) == [0]
    receipts.keep([kept(202)], NOW_MS + PATIENCE_MS)
    # 199 and 200 may still come: what lies above them has come only now.
    assert covered(receipts) == [198]
    assert receipts.gaps == 99


def test_a_device_that_sends_nothing_more_gets_its_receipt_too() -> None:
    receipts = Listening()
    receipts.keep([kept(1)], NOW_MS)
    receipts.keep([kept(0, "b2"), kept(3, "b2")], NOW_MS + 1)
    again = Listening()
    again.recall(receipts.kept())
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
    receipts = Listening()
    receipts.keep([kept(0, "b1"), kept(0, "b2"), kept(1, "b1"), kept(2, "b1")], NOW_MS)
    assert [(one.boot, one.sequence) for one in receipts.news()] == [("b1", 2), ("b2", 0)]


def test_what_is_stored_and_what_is_sent_at_once_are_counted_in_one_row() -> None:
    """Numbers of one kind must never cover messages of the other that nobody has."""
    receipts = Listening()
    receipts.keep([kept(0), kept(4), kept(5)], NOW_MS)
    assert covered(receipts) == [0]
    receipts.keep([kept(1, kind="backfill"), kept(3, kind="backfill")], NOW_MS + 1)
    assert covered(receipts) == [1]
    receipts.keep([kept(2, kind="backfill")], NOW_MS + 2)
    assert covered(receipts) == [5]
    assert receipts.gaps == 0


def test_a_gap_is_not_given_up_while_it_becomes_smaller() -> None:
    receipts = Listening()
    receipts.keep([kept(0), kept(40), kept(41)], NOW_MS)
    now_ms = NOW_MS
    for low, high in zip(range(1, 15), range(39, 25, -1), strict=True):
        again = Listening()
        again.recall(receipts.kept())
        receipts = again
        for number in (low, high):
            now_ms += PATIENCE_MS - 1
            receipts.keep([kept(number, kind="backfill")], now_ms)
    assert covered(receipts) == [14]
    receipts.keep([kept(42)], now_ms + PATIENCE_MS - 1)
    assert covered(receipts) == []
    receipts.keep([], now_ms + PATIENCE_MS)
    assert covered(receipts) == [42]
    assert receipts.gaps == 11


def test_a_device_that_is_moved_goes_on_in_its_row_and_gets_its_receipt_there() -> None:
    receipts = Listening()
    receipts.keep([kept(0), kept(1), kept(3, bed="18")], NOW_MS)
    assert receipts.news() == [Receipt(bed="18", device="mon", boot="b1", sequence=1)]
    receipts.keep([kept(2)], NOW_MS + 1)
    receipts.keep([kept(4, bed="18")], NOW_MS + 2)
    assert receipts.news() == [Receipt(bed="18", device="mon", boot="b1", sequence=4)]


@given(
    st.lists(st.tuples(st.integers(0, 25), st.booleans(), st.integers(0, 70_000)), max_size=60),
)
def test_nothing_is_covered_that_did_not_come_unless_it_was_given_up(
    messages: list[tuple[int, bool, int]],
) -> None:
    receipts, now_ms, seen, highest = Listening(), NOW_MS, set(), -1
    last_ms: dict[int, int] = {}
    for number, is_stored, wait_ms in messages:
        now_ms += wait_ms
        receipts.keep([kept(number, kind="backfill" if is_stored else "vitals")], now_ms)
        if number not in seen:
            last_ms[number] = now_ms
        seen.add(number)
        for up_to in covered(receipts):
            highest = max(highest, up_to)
        for lost in set(range(highest + 1)) - seen:
            above = [at_ms for one, at_ms in last_ms.items() if one > lost]
            assert now_ms - min(above) >= PATIENCE_MS, f"{lost} was given up too early"


@given(st.permutations(range(1, 12)))
def test_any_order_of_arrival_covers_the_same(order: list[int]) -> None:
    receipts = Listening()
    receipts.keep([kept(0)], NOW_MS)
    seen = {0}
    for sequence in order:
        receipts.keep([kept(sequence), kept(sequence)], NOW_MS)
        seen.add(sequence)
        whole = next(n for n in range(13) if n + 1 not in seen)
        assert all(number <= whole for number in covered(receipts))
    receipts.keep([kept(12)], NOW_MS)
    assert covered(receipts) == [12]
