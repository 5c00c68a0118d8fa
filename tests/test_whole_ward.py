"""Whole wards in one process: a short set of seeds, and proof that the invariants can fail."""

from dataclasses import replace

import msgspec
import pytest

from monitor.facts.effects import AlertChanged, AnyEffect, Because, Context
from monitor.facts.records import RawMessage, RecordedStep
from monitor.settings.settings import load_settings
from scripts import ward_monitor, whole_ward
from scripts.ward_devices import (
    BREAKDOWNS,
    CART_BREAKDOWNS,
    UNIT,
    Devices,
    equipment_of,
    faults_of,
    faults_of_cart,
)
from scripts.ward_disk import Disk, DiskError, framed, records
from scripts.ward_invariants import HEARD_WITHIN_MS, InvariantError, Invariants
from scripts.ward_monitor import POINTS, KilledError, Monitor, Point, Station
from scripts.whole_ward import ROOT, Broker, main, run, seeds_of
from simulators.chairs import Sent, generator
from simulators.cohorts import Cohort, Mix, started_ms, ward_scenario_of
from simulators.deeds import MOVES, Deed
from simulators.equipment import USUAL, equipment_by_bed
from simulators.scenario import Scenario

SETTINGS = load_settings(ROOT / "config").ward
NOW_MS = 1_795_514_400_000

ALERT = AlertChanged(
    at_ms=NOW_MS,
    bed="01",
    session="S-1",
    id="al-1",
    revision=1,
    phase="start",
    condition="active",
    signal="on",
    kind="physiological",
    priority="high",
    cause="reaction",
    pattern="hypotensive",
    grade=2,
    onset_ms=NOW_MS,
    raised_ms=NOW_MS,
    label="SBP 85",
    because=(Because(rule="r", sign="hypotension", grade=2, words="low", source=("ours",)),),
    context=Context(),
    grade_path=(),
    acknowledged_by="",
    acknowledged_ms=None,
    realert_ms=None,
    rulebook="infusion",
    reason="new",
)


def checked(*effects: AnyEffect, apart_ms: int = 1000) -> Invariants:
    found = Invariants()
    for number, effect in enumerate(effects):
        found.check(NOW_MS + number * apart_ms, (), (effect,))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 6])
def test_a_ward_holds_its_invariants_whatever_breaks(seed: int) -> None:
    ran = run(SETTINGS, seed=seed, beds=3, minutes=60)

    assert ran.steps > 200
    assert ran.alerts > 0
    assert ran.refusals > 0
    assert ran.sets > 3
    kinds = [one.split("@")[0] for one in ran.equipment]
    assert kinds == ["patch", "cart", "titrating"]


def test_the_same_seed_is_the_same_ward_and_its_nurse_changes_it() -> None:
    first = run(SETTINGS, seed=3, beds=2, minutes=30)

    assert run(SETTINGS, seed=3, beds=2, minutes=30) == first
    assert run(SETTINGS, seed=4, beds=2, minutes=30).digest != first.digest


NEXT = msgspec.structs.replace(ALERT, revision=2, phase="update")


@pytest.mark.parametrize(
    ("effects", "words"),
    [
        ((NEXT,), "begins with update"),
        ((ALERT, ALERT), "starts again"),
        ((ALERT, msgspec.structs.replace(NEXT, revision=3)), "revision 3 follows 1"),
        ((ALERT, msgspec.structs.replace(NEXT, cause="hr")), "has become another one"),
        ((msgspec.structs.replace(ALERT, because=()),), "has no reason"),
        ((msgspec.structs.replace(ALERT, grade=0),), "calls without a grade"),
        (
            (
                msgspec.structs.replace(ALERT, signal="acknowledged"),
                msgspec.structs.replace(NEXT, reason=""),
            ),
            "calls again after its answer and says not why",
        ),
    ],
)
def test_an_invariant_can_fail(effects: tuple[AnyEffect, ...], words: str) -> None:
    with pytest.raises(InvariantError, match=words):
        checked(*effects)


def test_nothing_ends_by_silence() -> None:
    ended = msgspec.structs.replace(NEXT, condition="ended", phase="end")

    with pytest.raises(InvariantError, match="after anything was heard from the bed"):
        checked(ALERT, ended, apart_ms=HEARD_WITHIN_MS + 1)


def test_a_step_into_the_past_is_seen() -> None:
    with pytest.raises(InvariantError, match="after one at"):
        checked(ALERT, NEXT, apart_ms=-1)


def monitor_on(disk: Disk) -> tuple[Monitor, Station]:
    station = Station()
    return Monitor(SETTINGS, disk, station), station


def a_disk(*, is_good: bool = True) -> Disk:
    """Return a disk that refuses nothing by chance, or everything."""
    rng = generator(1, "ward", "disk")
    return Disk(rng=rng, share_full=0.0 if is_good else 1.0, share_read_only=0.0)


def step_at(number: int) -> RecordedStep:
    """Return a step that opens a session: it always has something to tell."""
    bed = f"{number:02}"
    payload = msgspec.json.encode(
        {
            "id": f"S-{number}", "event": "open", "t": "2026-11-24T12:00:00Z", "by": "nurse-1",
            "subject": f"PX-{number}", "product": "gammaplex-10-pi",
            "weight": {"value": 70, "unit": "kg"},
        }
    )  # fmt: skip
    now_ms = NOW_MS + number * 1000
    raw = RawMessage(
        received_ms=now_ms, topic=f"irm/v1/{UNIT}/{bed}/tab-{bed}/session", payload=payload
    )
    return RecordedStep(now_ms=now_ms, messages=(raw,))


def test_a_monitor_that_comes_back_differently_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monitor, station = monitor_on(a_disk())
    monitor.take(step_at(1))
    monitor.comes_back()
    assert station.rows
    monkeypatch.setattr(ward_monitor, "taken", lambda *_: (ALERT,))

    with pytest.raises(InvariantError, match="is told otherwise"):
        monitor.comes_back()


@pytest.mark.parametrize("point", POINTS)
def test_whoever_dies_at_a_point_loses_nothing_that_was_acknowledged(point: Point) -> None:
    monitor, station = monitor_on(a_disk())
    monitor.take(step_at(1))
    told = len(station.rows)
    with pytest.raises(KilledError):
        monitor.take(step_at(2), point)
    acknowledged = monitor.acknowledged
    assert acknowledged == (1 if point in ("before", "in commit", "committed") else 2)
    monitor.comes_back()
    monitor.take(step_at(3))
    monitor.ends()

    assert monitor.steps >= acknowledged + 1
    assert len(station.rows) > told
    # That a row is out is kept with the next step: without that it is told again.
    assert station.again == (told if point in ("before", "in commit", "told") else 0)


def test_what_the_disk_refuses_is_neither_acknowledged_nor_told() -> None:
    monitor, station = monitor_on(a_disk(is_good=False))

    with pytest.raises(DiskError):
        monitor.take(step_at(1))
    assert (monitor.acknowledged, station.rows) == (0, [])


def test_a_loss_of_what_was_acknowledged_is_seen() -> None:
    disk = a_disk()
    monitor, _ = monitor_on(disk)
    monitor.take(step_at(1))
    disk.emptied("log")

    with pytest.raises(InvariantError, match="1 steps acknowledged, 0 kept"):
        monitor.comes_back()


def test_a_station_sees_what_is_missing_and_what_is_told_in_other_words() -> None:
    station, body = Station(), msgspec.json.encode(ALERT)
    station.hear(0, body)
    station.hear(0, body)
    assert (station.again, station.news()) == (1, (ALERT,))

    with pytest.raises(InvariantError, match="row 2 is told after row 0"):
        station.hear(2, body)
    with pytest.raises(InvariantError, match="in other words"):
        station.hear(0, body + b" ")


def test_a_kill_leaves_what_is_safe_and_any_prefix_of_the_rest() -> None:
    left = set()
    for seed in range(200):
        disk = replace(a_disk(), rng=generator(seed, "ward", "disk"))
        disk.append("log", framed(b"safe"))
        disk.barrier("log")
        disk.append("log", framed(b"loose"))
        disk.killed()
        left.add(tuple(body for _, body in records(disk.read("log"))))
    assert left == {(b"safe",), (b"safe", b"loose")}, "never a part of a record"


def test_a_flipped_bit_is_found_by_the_checksum() -> None:
    whole = framed(b"one") + framed(b"two")
    for bit in range(8 * len(framed(b"one")), 8 * len(whole)):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        assert [body for _, body in records(bytes(data))] == [b"one"]


def test_a_broker_that_restarts_has_forgotten_what_waited() -> None:
    broker = Broker(generator(1, "ward", "broker"), is_rough=False)
    broker.take(Sent(at_ms=0, topic="irm/v1/w/01/mon-01/vitals", payload=b"{}"))
    broker.restarted(step_at(1).messages)

    assert broker.forgotten > 1
    assert broker.delivered(10**9) == ()


def test_a_failing_seed_is_printed_with_the_command_that_repeats_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise InvariantError("something")

    monkeypatch.setattr(whole_ward, "run", failing)

    assert main(["--seeds", "7-8", "--beds", "2", "--minutes", "40"]) == 1
    told = capsys.readouterr().out
    assert "seed 7 FAILED: something" in told
    assert "python -m scripts.whole_ward --seeds 8 --beds 2 --minutes 40" in told


@pytest.mark.parametrize("beds", [1, 2, 3, 8])
def test_every_kind_of_device_stands_at_a_part_of_a_ward(beds: int) -> None:
    for seed in range(6):
        by_bed = equipment_by_bed(equipment_of(seed, beds), beds=beds)
        patched = {bed for bed, one in by_bed.items() if one.is_patched}
        carted = {bed for bed, one in by_bed.items() if one.cart}
        assert len(patched) == max(1, beds // 4)
        assert len(carted - patched) == (max(1, beds // 4) if beds > 1 else 0)
        assert len(carted & patched) == seed % 2
        assert len({one.cart for one in by_bed.values()} - {""}) <= 1


def drawn_ward(beds: int = 4) -> tuple[Scenario, int]:
    cohort = Cohort(
        sessions=beds,
        beds_per_file=beds,
        hours=2,
        cadence_s=60,
        nurse="none",
        mix=Mix(reactions={"hypotensive": 1.0}),
        equipment=(f"cart@1-{beds}", "titrating@2"),
    )
    return ward_scenario_of(cohort, 1), started_ms(cohort, 1)


def test_a_deed_changes_what_a_cart_finds_later_and_nothing_that_it_sent() -> None:
    scenario, begins_ms = drawn_ward()
    devices = Devices(scenario, begins_ms)
    cart, bed = devices.carts["cart-01"], devices.beds["03"]
    cart.faults = ()
    cart.make(-1)
    as_planned = list(reversed(cart.ahead))
    at_ms = bed.here.at_ms(bed.plan.reaction_s + 300)
    sent = [one for one in devices.sent_until(at_ms - 5000) if one.device == cart.name]
    deed = Deed(at_ms=at_ms, bed="03", session="S", alert="al-1", key="stop-for-good")
    sent += [one for one in devices.live(deed) if one.device == cart.name]
    so_far = len(sent)
    sent += [one for one in devices.sent_until(2**62) if one.device == cart.name]
    sets = [one for one in sent if one.topic.endswith("/obs")]

    assert deed.key in MOVES
    assert sent[:so_far] == as_planned[:so_far]
    assert sent != as_planned
    assert so_far > 4
    numbers = [msgspec.json.decode(one.payload)["seq"] for one in sets]
    assert numbers == list(range(len(sets))), "no set is lost or taken twice"
    assert {one.topic.split("/")[3] for one in sets} == {"01", "02", "03", "04"}


def test_beds_and_carts_have_every_breakdown() -> None:
    found, carts = set(), set()
    plain = drawn_ward(2)[0]
    usual = replace(plain.beds[0], equipment=USUAL)
    for seed in range(100):
        scenario = replace(plain, seed=seed)
        found |= {name.split("@")[0] for name in faults_of(usual, scenario, 0)[0]}
        carts |= {name.split("@")[0] for name in faults_of_cart("cart-01", scenario, 0)[0]}
        only_cart = faults_of(scenario.beds[0], scenario, 0)[0]
        assert only_cart in ((), ("storm@01",)), "nothing that stays there measures"

    assert found == set(BREAKDOWNS)
    assert carts == set(CART_BREAKDOWNS)


def test_seeds_are_one_or_a_range() -> None:
    assert seeds_of("7") == [7]
    assert seeds_of("3-5") == [3, 4, 5]
