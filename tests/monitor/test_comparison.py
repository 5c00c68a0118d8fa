"""Windows are cut as said, and the quick way through them counts what a ward tells."""

import gzip
import io
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from detectors.channels import MISSING, N_CHANNELS, Channel, Int32
from monitor.adapters.icu_tables import Form
from monitor.facts.windows import MINUTE_MS, ChartTable, Sets, sets_of, values_of, windows_of
from monitor.settings.settings import load_settings
from monitor.study.background import judged_windows, stepped_windows
from monitor.study.comparison import BackgroundScore, Cut, run_background, score_background
from monitor.study.peers import KEYS, peer_counts, sustained_rises, tables_of, usable

CONFIG = Path(__file__).resolve().parents[2] / "config"
SETTINGS = load_settings(CONFIG).ward
TABLES = tables_of(SETTINGS.side_books)
HOUR = 60
CUT = Cut(window_ms=4 * HOUR * MINUTE_MS, first_ms=48 * HOUR * MINUTE_MS)
QUIET = {"HR": 72.0, "SBP": 124, "DBP": 76, "TEMP": 36.8, "SPO2": 97, "RR": 14}


def row(**values: float) -> list[int]:
    found = [MISSING] * N_CHANNELS
    for name, value in values.items():
        found[Channel[name]] = round(value * 100)
    return found


def sets(*rows: tuple[int, int, dict[str, float]]) -> Sets:
    """Return sets from (window, minutes since it began, values)."""
    return Sets(
        window=np.array([window for window, _, _ in rows], np.int32),
        since_ms=np.array([at_min * MINUTE_MS for _, at_min, _ in rows], np.int64),
        value_centi=np.array([row(**values) for _, _, values in rows], np.int32),
    )


def table(
    hours: list[int],
    *,
    cuff: list[float | None] | None = None,
    line: list[float | None] | None = None,
) -> ChartTable:
    """Return the chart of one stay with a set at each of some hours."""
    of_cuff = [124.0] * len(hours) if cuff is None else cuff
    of_line = [None] * len(hours) if line is None else line

    def columns(pressures: list[float] | list[float | None] | list[None]) -> Int32:
        rows = [row(HR=70) if sbp is None else row(HR=70, SBP=sbp) for sbp in pressures]
        return np.array(rows, np.int32)

    return ChartTable(
        stays=("one",),
        first=np.array([0, len(hours)], np.int64),
        age_years=np.array([50], np.int32),
        at_ms=np.array([hour * HOUR * MINUTE_MS for hour in hours], np.int64),
        cuff_centi=columns(of_cuff),
        line_centi=columns(of_line),
    )


def test_windows_follow_each_other_from_two_hours_on() -> None:
    chart = table(list(range(12)))

    windows = windows_of(chart, CUT.window_ms, first_ms=CUT.first_ms)
    found = sets_of(chart, windows)

    assert (windows.start_ms // (HOUR * MINUTE_MS)).tolist() == [2, 6]
    assert windows.rows.tolist() == [[0, 2, 6], [4, 6, 10]]
    assert (found.since_ms // (HOUR * MINUTE_MS)).tolist() == [-2, -1, 0, 1, 2, 3] * 2
    assert found.window.tolist() == [0] * 6 + [1] * 6


def test_no_window_begins_later_than_it_may() -> None:
    chart = table(list(range(80)))

    windows = windows_of(chart, CUT.window_ms, first_ms=CUT.first_ms)

    assert windows.start_ms.max() == 46 * HOUR * MINUTE_MS
    assert len(windows_of(chart, CUT.window_ms, first_ms=46 * HOUR * MINUTE_MS)) == 11


@pytest.mark.parametrize(
    ("cuff", "windows"),
    [
        ([120, None, 120, 120, 120, None, None], 1),
        ([120, None, 120, 120, None, None, None], 0),
        ([None, None, 120, 120, 120, 120, 120], 0),
    ],
)
def test_a_window_needs_a_pressure_before_and_three_within(
    cuff: list[float | None], windows: int
) -> None:
    chart = table(list(range(7)), cuff=cuff)

    assert len(windows_of(chart, CUT.window_ms, first_ms=CUT.first_ms)) == windows


def test_pressures_of_a_stay_come_from_one_source() -> None:
    both = table([0, 1, 2], cuff=[None, 118, None], line=[100, 101, 102])
    line = table([0, 1, 2], cuff=[None, None, None], line=[100, 101, 102])

    assert values_of(both)[:, Channel.SBP].tolist() == [MISSING, 11800, MISSING]
    assert values_of(line)[:, Channel.SBP].tolist() == [10000, 10100, 10200]


@pytest.mark.parametrize(
    ("key", "quiet", "loud"),
    [
        ("sbp_below_90", {"SBP": 90}, {"SBP": 89.99}),
        ("sbp_drop_30", {"SBP": 94.01}, {"SBP": 94}),
        ("hr_120", {"HR": 119.99}, {"HR": 120}),
        ("hr_rise_30", {"HR": 101.99}, {"HR": 102}),
        ("fever_rise_1", {"TEMP": 37.99}, {"TEMP": 38}),
        ("spo2_below_90", {"SPO2": 90}, {"SPO2": 89.99}),
        ("any_of_four", {"SBP": 89, "HR": 101, "TEMP": 37.9}, {"HR": 102}),
        ("news_5", {"RR": 25, "HR": 91}, {"RR": 25, "HR": 111}),
        ("news_7", {"RR": 25, "HR": 131}, {"RR": 25, "HR": 131, "SBP": 110}),
        ("mews_5", {"HR": 130, "RR": 15}, {"HR": 130, "RR": 21}),
        ("shock_index_0_9", {"HR": 89, "SBP": 100}, {"HR": 90, "SBP": 100}),
        ("shock_index_above_1", {"HR": 100, "SBP": 100}, {"HR": 100.01, "SBP": 100}),
    ],
)
def test_each_peer_holds_from_its_limit_on(
    key: str, quiet: dict[str, float], loud: dict[str, float]
) -> None:
    base: dict[str, float] = {"HR": 72, "SBP": 124, "TEMP": 37, "SPO2": 97, "RR": 14}
    if key == "any_of_four":
        base["SBP"] = 118
    found = peer_counts(
        sets((0, -30, base), (0, 5, base | quiet), (1, -30, base), (1, 5, base | loud)), 2, TABLES
    )

    assert found.alerted[:, KEYS.index(key)].tolist() == [False, True]
    assert found.begun[KEYS.index(key)] == 1


def test_a_peer_begins_again_only_after_it_ended() -> None:
    low, high = {"SBP": 80.0}, {"SBP": 120.0}
    rows = [low, {"HR": 70.0}, low, high, low]
    found = peer_counts(
        sets((0, -30, low), *((0, 10 * number, one) for number, one in enumerate(rows))), 1, TABLES
    )

    assert found.begun[KEYS.index("sbp_below_90")] == 2
    assert found.begun[KEYS.index("sbp_drop_30")] == 0


def test_a_peer_without_its_channels_or_its_book_is_not_usable() -> None:
    some = sets((0, 0, {"SBP": 120.0, "HR": 70.0, "RR": 14.0}))

    assert dict(zip(KEYS, usable(some, TABLES).tolist(), strict=True)) == {
        key: key not in {"fever_rise_1", "spo2_below_90", "any_of_four"} for key in KEYS
    }
    assert not usable(some, {})[KEYS.index("news_5")]


def seconds(*rates: tuple[int, int, float]) -> Sets:
    """Return heart rates from (first second, last second, rate), one a second, in one window."""
    found = [(at_s, rate) for first, last, rate in rates for at_s in range(first, last + 1)]
    return Sets(
        window=np.zeros(len(found), np.int32),
        since_ms=np.array([at_s * 1000 for at_s, _ in found], np.int64),
        value_centi=np.array([row(HR=rate) for _, rate in found], np.int32),
    )


def test_a_rise_counts_once_when_it_has_lasted_a_minute() -> None:
    just = seconds((-300, -1, 80), (0, 59, 110), (60, 60, 109), (61, 119, 115), (120, 3600, 80))

    found = sustained_rises(just, 1)

    assert found.begun.tolist() == [1]
    assert found.watched_ms.tolist() == [3_600_000]


def test_without_a_baseline_nothing_rises() -> None:
    assert sustained_rises(seconds((0, 300, 150)), 1).begun.tolist() == [0]
    assert sustained_rises(seconds((-300, -1, 150)), 1).watched_ms.tolist() == [0]


def random_sets(seed: int, n_windows: int) -> Sets:
    """Return charts of people who are well, ill before, or fall ill; some with odd values."""
    chance = np.random.default_rng(seed)
    rows = []
    for window in range(n_windows):
        ill_from = chance.integers(-120, 400)
        for at_min in sorted(chance.choice(np.arange(-120, 240), 14, replace=False).tolist()):
            wild = 3 if at_min >= ill_from else 1
            values = {
                name: value + wild * chance.normal(0, 0.4 if name == "TEMP" else 7)
                for name, value in QUIET.items()
                if chance.random() < 0.85
            }
            if chance.random() < 0.03:
                values["SBP"] = 0.0
            rows.append((window, at_min, values))
    return sets(*rows)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("step_min", [1, 30])
def test_the_quick_way_counts_what_a_ward_tells(seed: int, step_min: int) -> None:
    some = random_sets(seed, 60)
    ages = np.full(60, MISSING, np.int32)
    ages[::2], ages[::3] = 50, 6

    quick = judged_windows(SETTINGS, some, ages, by_hand=True)
    slow = stepped_windows(SETTINGS, some, ages, by_hand=True, step_ms=step_min * MINUTE_MS)

    assert quick.peak.tolist() == np.maximum(slow.peak, 0).tolist()
    assert quick.alerts.tolist() == slow.alerts.tolist()
    assert quick.calls.tolist() == slow.calls.tolist()
    assert quick.open_at_start == slow.open_at_start
    assert len(set(quick.peak.tolist())) > 2
    assert quick.calls.sum() > quick.open_at_start > 0


def test_a_window_in_which_nothing_was_read_counts_what_stood() -> None:
    low = {"SBP": 70.0, "HR": 110.0}
    some = sets((0, -60, low), (0, -30, low), (1, -30, QUIET))
    ages = np.full(2, 50, np.int32)

    quick = judged_windows(SETTINGS, some, ages, by_hand=True)
    slow = stepped_windows(SETTINGS, some, ages, by_hand=True, step_ms=MINUTE_MS)

    assert quick.alerts.tolist() == slow.alerts.tolist() == [1, 0]
    assert quick.peak.tolist() == slow.peak.tolist()
    assert quick.peak[0] > quick.peak[1] == 0


def physionet(folder: Path, falls: int = 80) -> Path:
    """Write 14 hours of two stays: one is well, the pressure of the other falls."""
    lines = ["rid,t_min,HR,SBP_nibp,DBP_nibp,SBP_art,DBP_art,Temp_C,RR,SaO2"]
    for hour in range(15):
        low = f"{falls},{falls - 30}" if 6 <= hour < 8 else "124,76"
        lines += [
            f"1,{hour * 60},72,124,76,,,36.8,14,97",
            f"2,{hour * 60},72,{low},,,36.8,14,97",
        ]
    folder.joinpath("vitals.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    return folder


def printed(path: Path, *, as_json: bool) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = run_background(
        path, "physionet2012", settings=SETTINGS, cut=CUT, out=out, err=err, as_json=as_json
    )
    return code, out.getvalue(), err.getvalue()


def test_ours_stands_beside_the_peers(tmp_path: Path) -> None:
    code, out, _ = printed(physionet(tmp_path), as_json=True)
    found = json.loads(out)

    assert code == 0
    assert (found["windows"], found["stays"], found["patient_hours"]) == (6, 2, 24)
    assert found["share_windows_grade1"] == found["share_windows_alert"] == 0.1667
    assert found["share_windows_grade2"] == found["share_windows_call"] == 0.1667
    assert found["alerts_per_patient_hour"] == found["calls_per_patient_hour"] == 0.0417
    assert found["peers"]["sbp_below_90"]["share_windows"] == 0.1667
    assert found["peers"]["sbp_drop_30"]["alerts_per_patient_hour"] == 0.0417
    assert found["peers"]["hr_120"]["share_windows"] == 0


def test_the_keys_are_those_that_are_documented(tmp_path: Path) -> None:
    page = CONFIG.with_name("docs").joinpath("scoring.md").read_text()
    _, out, _ = printed(physionet(tmp_path), as_json=True)
    found = json.loads(out)

    for key in (*found, *found["peers"], *found["peers"]["hr_120"]):
        assert f"`{key}`" in page


def test_a_row_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = physionet(tmp_path)
    table = folder / "vitals.csv.gz"
    text = gzip.decompress(table.read_bytes()).decode()
    table.write_bytes(gzip.compress(f"{text}\n2,900,fast,,,,,,,".encode()))

    code, out, err = printed(folder, as_json=True)

    assert code == 0
    assert sum(json.loads(out)["remarks"].values()) == 1
    assert err.startswith(f"{table}:32: HR: is no number (got 'fast')")


def test_it_says_which_rows_decided_if_asked(tmp_path: Path) -> None:
    page = CONFIG.with_name("docs").joinpath("scoring.md").read_text()
    out = io.StringIO()
    folder = physionet(tmp_path)
    for as_json in (True, False):
        run_background(
            folder, "physionet2012", settings=SETTINGS, cut=CUT, out=out, err=io.StringIO(),
            as_json=as_json, asks_why=True,
        )  # fmt: skip
    first, *lines = out.getvalue().splitlines()
    deciders = json.loads(first)["deciders"]

    (row,) = deciders
    assert row.startswith("hypotension.")
    assert (deciders[row]["windows"], deciders[row]["share_windows"]) == (1, 0.1667)
    assert any(line.split()[:3] == [row, "1", "0.167"] for line in lines)
    for key in deciders[row]:
        assert f"`{key}`" in page


def test_the_same_folder_prints_the_same(tmp_path: Path) -> None:
    physionet(tmp_path)
    code, out, err = printed(tmp_path, as_json=False)

    assert (code, out, err) == printed(tmp_path, as_json=False)
    assert "physionet2012: 6 windows of 4 h, 2 stays, 24 patient-hours" in out
    assert any(line.split()[-2:] == ["0.167", "0.042"] for line in out.splitlines())


def test_a_folder_without_a_window_is_named(tmp_path: Path) -> None:
    text = "rid,t_min,HR,SBP_nibp,DBP_nibp,SBP_art,DBP_art,Temp_C,RR,SaO2\n1,0,72,124,76,,,,,\n"
    tmp_path.joinpath("vitals.csv.gz").write_bytes(gzip.compress(text.encode()))

    assert printed(tmp_path, as_json=True) == (4, "", f"{tmp_path}: has no window of 4 h\n")


def exams(folder: Path, seconds_long: int) -> Path:
    rates = [80 if at_s < 600 else 125 for at_s in range(seconds_long)]
    lines = [f"S1,Final,{at_s},{rate}" for at_s, rate in enumerate(rates)]
    text = "\n".join(["subject,exam,t_s,HR", *lines])
    folder.joinpath("hr_1hz.csv.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def test_an_exam_is_one_window_after_its_first_five_minutes(tmp_path: Path) -> None:
    found = score_background(exams(tmp_path, 2101), "exam-stress", SETTINGS, CUT)

    assert (found.windows, found.window_h, found.patient_hours) == (1, None, 0.5)
    assert found.peers["hr_rise_30_for_60s"].alerts_per_patient_hour == 2
    assert found.alerts_per_patient_hour == 2
    assert found.share_windows_grade1 == 1


def test_an_exam_that_is_too_short_is_named(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    code = run_background(
        exams(tmp_path, 300), "exam-stress", settings=SETTINGS, cut=CUT, out=out, err=err,
        as_json=True,
    )  # fmt: skip

    assert (code, out.getvalue()) == (4, "")
    assert "no recording is longer than 5 min" in err.getvalue()


@pytest.mark.evidence
@pytest.mark.parametrize(
    ("form", "published", "tolerance"),
    [
        (
            "physionet2012",
            {
                "sbp_below_90": 0.160,
                "sbp_drop_30": 0.118,
                "hr_120": 0.091,
                "hr_rise_30": 0.032,
                "fever_rise_1": 0.014,
                "any_of_four": 0.154,
                "news_5": 0.122,
                "news_7": 0.024,
            },
            0.017,
        ),
        (
            "mimic3-demo",
            {"sbp_below_90": 0.151, "hr_120": 0.084, "news_5": 0.427, "news_7": 0.154},
            0.017,
        ),
        ("eicu-demo-nibp", {"sbp_below_90": 0.213, "sbp_drop_30": 0.167}, 0.003),
    ],
)
def test_the_real_ones_are_read_and_peers_do_on_them_what_is_known(
    evidence: Path, form: str, published: dict[str, float], tolerance: float
) -> None:
    found = score_background(evidence, msgspec.convert(form, Form), SETTINGS, CUT)

    assert isinstance(found, BackgroundScore)
    assert found.remarks == {}
    for key, share in published.items():
        assert found.peers[key].share_windows == pytest.approx(share, abs=tolerance)
    # A ceiling that a more restless rule book would break.
    assert found.share_windows_grade2 < 0.12
