"""What a device keeps until it is covered by a receipt: which, how many, and as what it is sent."""

import msgspec
import pytest

from simulators.chairs import Sent
from simulators.outboxes import HISTORY_MS, Outbox

PLACE = "irm/v1/u/01/mon-01"
BOOT = "mon-01-A"


def sent(number: int, kind: str = "vitals", *, at_ms: int = 0, boot: str = BOOT) -> Sent:
    payload = msgspec.json.encode({"seq": number, "boot": boot})
    return Sent(at_ms=at_ms, topic=f"{PLACE}/{kind}", payload=payload)


def filled(*numbers: int, room: int = 100) -> Outbox:
    outbox = Outbox(room=room)
    for number in numbers:
        assert outbox.put(sent(number))
    return outbox


def waiting(outbox: Outbox, now_ms: int = 0) -> list[int]:
    return [msgspec.json.decode(one.payload)["seq"] for one in outbox.waiting(now_ms)]


def test_a_receipt_lets_go_of_all_up_to_its_number_of_that_start() -> None:
    outbox = filled(0, 1, 2, 3)
    outbox.put(sent(1, boot="mon-01-B"))
    assert outbox.cover(BOOT, 2)
    assert outbox.is_receipted
    assert waiting(outbox) == [3, 1]


def test_what_is_covered_is_not_kept_again() -> None:
    outbox = filled(0, 1)
    outbox.cover(BOOT, 1)
    assert outbox.put(sent(1))
    assert waiting(outbox) == []


def test_a_receipt_that_says_no_more_is_told_from_one_that_does() -> None:
    outbox = filled(0, 1)
    assert [outbox.cover(BOOT, number) for number in (0, 0, 1)] == [True, False, True]


def test_a_receipt_of_another_start_says_nothing() -> None:
    outbox = filled(0)
    assert outbox.cover("mon-01-Z", 7)
    assert not outbox.is_receipted
    assert waiting(outbox) == [0]


def test_what_was_overtaken_is_sent_again_in_order_of_its_numbers() -> None:
    assert waiting(filled(0, 2, 1)) == [0, 1, 2]


def test_beyond_the_room_the_oldest_gives_way_and_is_counted() -> None:
    outbox = filled(*range(5), room=3)
    assert waiting(outbox) == [2, 3, 4]
    assert (len(outbox), outbox.dropped) == (3, 2)


@pytest.mark.parametrize("kind", ["vitals", "backfill", "pump"])
def test_what_has_a_number_is_kept(kind: str) -> None:
    outbox = Outbox()
    assert outbox.put(sent(0, kind))
    assert len(outbox) == 1


@pytest.mark.parametrize(
    ("kind", "payload"),
    [("status", b'{"seq":1}'), ("obs", b'{"seq":1}'), ("vitals", b"junk"), ("vitals", b"\xff")],
)
def test_what_no_receipt_can_cover_is_not_kept(kind: str, payload: bytes) -> None:
    outbox = Outbox()
    assert not outbox.put(Sent(at_ms=0, topic=f"{PLACE}/{kind}", payload=payload))
    assert len(outbox) == 0


def test_old_vitals_go_as_history_and_pump_states_as_they_are() -> None:
    outbox = Outbox()
    outbox.put(sent(0))
    outbox.put(sent(1, "pump"))
    outbox.put(sent(2, at_ms=1))
    kinds = [one.topic.removeprefix(f"{PLACE}/") for one in outbox.waiting(HISTORY_MS + 1)]
    assert kinds == ["backfill", "pump", "vitals"]
