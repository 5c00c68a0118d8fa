"""What has flowed: summed exactly from reported rates, or as the pump says."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from ward_builders import ms, pump

from monitor.care.volumes import HOUR_MS, Flow, flow_after

RATES = st.one_of(st.none(), st.integers(0, 10_000_000))


def test_a_rate_and_its_time_make_a_volume() -> None:
    first = flow_after(Flow(), pump(0, "infusing", 120), None)
    assert (first.infused_centi_ml, first.at_ms) == (0, ms(0))
    after = flow_after(first, pump(30, "infusing", 120), 12_000)
    assert after.infused_centi_ml == 100
    assert flow_after(after, pump(60, "paused"), 12_000).infused_centi_ml == 200


def test_where_nothing_flowed_or_no_rate_was_known_nothing_is_added() -> None:
    flow = Flow(sum_centi_ms=5 * HOUR_MS, at_ms=ms(0))
    assert flow_after(flow, pump(60), None) == replace(flow, at_ms=ms(60))
    assert flow_after(flow, pump(60), 0).infused_centi_ml == 5


def test_an_older_report_changes_nothing() -> None:
    flow = flow_after(Flow(), pump(60, "infusing", 120), None)
    late = replace(pump(30, "infusing", 9999), infused_centi_ml=1)
    assert flow_after(flow, late, 12_000) == flow


def test_what_the_pump_says_is_kept_whole() -> None:
    said = replace(pump(60), infused_centi_ml=8450, left_centi_ml=26_550)
    flow = flow_after(Flow(), said, None)
    assert (flow.pump_infused_centi, flow.pump_left_centi, flow.pump_ms) == (8450, 26_550, ms(60))
    only = flow_after(flow, replace(pump(90), left_centi_ml=100), None)
    assert (only.pump_infused_centi, only.pump_left_centi) == (None, 100)
    assert flow_after(only, pump(120), None).pump_ms == ms(90)


@given(st.lists(st.tuples(st.integers(0, 600), RATES), max_size=12))
def test_any_cut_of_the_same_rates_gives_the_same_volume(
    parts: list[tuple[int, int | None]],
) -> None:
    """The twin adds one second at a time."""
    whole, fine, at_s, expected = Flow(at_ms=ms(0)), Flow(at_ms=ms(0)), 0, 0
    for length_s, rate in parts:
        for second in range(length_s):
            fine = flow_after(fine, pump(at_s + second + 1), rate)
        at_s += length_s
        whole = flow_after(whole, pump(at_s), rate)
        expected += (rate or 0) * length_s * 1000
    assert whole.sum_centi_ms == fine.sum_centi_ms == expected
    assert whole.infused_centi_ml == expected // HOUR_MS
