"""Equipment: what the words of the command line mean, and what a bed has then."""

import pytest

from simulators.bedside import ward_devices
from simulators.equipment import KINDS, USUAL, bed_numbers, equipment_by_bed
from simulators.scenario import ward_scenario


def test_a_bed_has_a_monitor_a_pump_and_a_tablet_unless_somebody_says_otherwise() -> None:
    assert equipment_by_bed((), beds=3) == {}
    assert USUAL.kinds == ("mon", "pump", "tab")
    assert len(USUAL.channels) == 7


def test_what_is_asked_for_adds_up_at_a_bed() -> None:
    found = equipment_by_bed(("cart@1-2", "patch@2", "titrating@all"), beds=3)

    assert found[1].kinds == ("pump", "tab")
    assert found[2].kinds == ("patch", "pump", "tab")
    assert (found[1].cart, found[2].cart, found[3].cart) == ("cart-01", "cart-01", "")
    assert all(one.is_titrating for one in found.values())


def test_a_patch_alone_knows_no_pressure_and_a_cart_brings_it() -> None:
    found = equipment_by_bed(("patch@1-2", "cart@2"), beds=2)

    assert "sbp" not in found[1].channels
    assert "sbp" in found[2].channels


def test_nine_beds_need_two_carts() -> None:
    found = equipment_by_bed(("cart@all",), beds=9)

    assert [found[bed].cart for bed in (1, 8, 9)] == ["cart-01", "cart-01", "cart-09"]


def test_every_device_has_one_place_where_it_says_that_it_is_there() -> None:
    ward = ward_scenario(beds=3, equipment=("cart@1-2", "patch@3"))

    named = {f"{bed}/{device}" for bed, device in ward_devices(ward)}
    assert named == {
        *("01/pump-01", "01/tab-01", "02/pump-02", "02/tab-02"),
        *("03/patch-03", "03/pump-03", "03/tab-03", "01/cart-01"),
    }


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("all", (1, 2, 3, 4, 5, 6)), ("3", (3,)), ("2-4", (2, 3, 4)), ("6,1,2-3", (1, 2, 3, 6))],
)
def test_beds_are_written_as_people_write_them(text: str, numbers: tuple[int, ...]) -> None:
    assert bed_numbers(text, beds=6) == numbers


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("robot@1", f"'robot' is unknown, one of {', '.join(KINDS)}"),
        ("cart", "beds '': write all, 3, 1-4 or 1,3,5-6"),
        ("cart@x", "beds 'x': write"),
        ("cart@1-", "beds '1-': write"),
        ("cart@0", "bed 0 is not one of 1 to 4"),
        ("patch@3-5", "bed 5 is not one of 1 to 4"),
        ("patch@4-3", "bed 4-3 is not one of 1 to 4"),
        ("patch@1-99999999999", "bed 99999999999 is not one of 1 to 4"),
    ],
)
def test_what_cannot_be_read_is_explained(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        equipment_by_bed((text,), beds=4)
