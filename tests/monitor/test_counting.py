"""Which messages of a device came before, and which are missing, beside a slow obvious twin."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from monitor.care.counting import RUNS_MAX, STARTS_MAX, Starts, has, runs_with, starts_after


def after(starts: Starts, number: int, measured_ms: int, boot: str = "b") -> Starts | None:
    return starts_after(starts, boot=boot, number=number, measured_ms=measured_ms, is_stored=False)


def counted(*messages: tuple[str, int, int]) -> Starts:
    """Return what has come after new messages of (boot, number, time)."""
    starts: Starts = ()
    for boot, number, measured_ms in messages:
        grown = after(starts, number, measured_ms, boot)
        assert grown is not None
        starts = grown
    return starts


@dataclass
class Plain:
    """Remembers every number of one start by itself."""

    seen: set[int] = field(default_factory=set)

    def take(self, number: int) -> bool:
        is_new = number not in self.seen
        self.seen.add(number)
        return is_new

    @property
    def missing(self) -> set[int]:
        return set(range(min(self.seen), max(self.seen) + 1)) - self.seen


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=1, max_size=120))
def test_a_number_is_new_once_and_what_never_came_is_missing(
    messages: list[tuple[int, bool]],
) -> None:
    plain = Plain()
    starts: Starts = ()
    for number, is_stored in messages:
        # What a device measures has a time that belongs to its number.
        grown = starts_after(
            starts, boot="b", number=number, measured_ms=1000 * number, is_stored=is_stored
        )
        assert (grown is not None) == plain.take(number)
        starts = starts if grown is None else grown
        assert len(starts) == 1
        assert starts[0].missing == len(plain.missing)
        assert {n for n in range(61) if has(starts[0].runs, n)} == plain.seen


@given(st.permutations(range(40)))
def test_what_is_stored_closes_the_gap_in_any_order(order: list[int]) -> None:
    starts = counted(("b", 0, 0), ("b", 41, 41_000))
    for number in order:
        grown = starts_after(
            starts, boot="b", number=number + 1, measured_ms=1000 * (number + 1), is_stored=True
        )
        assert grown is not None
        starts = grown
    assert starts[-1].missing == 0
    assert starts[-1].runs == ((0, 41),)


def test_however_old_a_copy_is_it_came_before() -> None:
    starts = counted(*(("b", number, 1000 * number) for number in range(5_000)))
    assert all(after(starts, number, 1000 * number) is None for number in range(0, 5_000, 499))
    # The same number in an older time is no more believable than the copy itself.
    assert after(starts, 4_000, 0) is None


def test_a_device_that_counts_anew_without_a_new_name_is_heard() -> None:
    starts = counted(("", 50, 50_000), ("", 51, 51_000))
    again = after(starts, 0, 60_000, "")
    assert again is not None
    assert [one.runs for one in again] == [((50, 51),), ((0, 0),)]
    # And what came before it still came before.
    assert after(again, 51, 51_000, "") is None
    assert after(again, 51, 61_000, "") is not None
    repeated = after(starts, 51, 52_000, "")
    assert repeated is not None
    assert repeated[-1].runs == ((51, 51),)


def test_what_lies_inside_a_gap_fills_it_whatever_its_time() -> None:
    starts = counted(("b", 5, 5_000), ("b", 8, 8_000))
    filled = after(starts, 7, 9_000)
    assert filled is not None
    assert [one.runs for one in filled] == [((5, 5), (7, 8))]


def test_every_start_is_counted_for_itself_and_copies_of_an_old_one_are_known() -> None:
    starts = counted(("a", 0, 0), ("a", 1, 1_000), ("b", 0, 2_000), ("b", 1, 3_000))
    assert after(starts, 1, 1_000, "a") is None
    # What the former start sends late is taken, and does not become the start of now.
    late = starts_after(starts, boot="a", number=2, measured_ms=1_500, is_stored=True)
    assert late is not None
    assert [one.boot for one in late] == ["a", "b"]
    unheard = starts_after(starts, boot="c", number=9, measured_ms=500, is_stored=True)
    assert unheard is not None
    assert [one.boot for one in unheard] == ["a", "c", "b"]
    live = after(starts, 2, 4_000, "a")
    assert live is not None
    assert [one.boot for one in live] == ["b", "a"]


def test_a_huge_gap_and_a_torn_life_need_no_huge_memory() -> None:
    wide = counted(("", 0, 0), ("", 10**12, 1_000))
    assert wide[0].missing == 10**12 - 1
    torn = counted(*(("b", 2 * number, number) for number in range(RUNS_MAX + 9)))
    assert len(torn[0].runs) == RUNS_MAX
    assert torn[0].runs[0] == (0, 18), "the oldest gaps are taken as closed"
    many = counted(*((f"b{number}", 0, number) for number in range(STARTS_MAX + 2)))
    assert [one.boot for one in many] == [f"b{number}" for number in range(2, STARTS_MAX + 2)]


def test_runs_grow_together() -> None:
    numbers = [7 * place % 30 for place in range(30)]
    runs: tuple[tuple[int, int], ...] = ()
    for place, number in enumerate(numbers):
        assert not has(runs, number)
        runs = runs_with(runs, number)
        members = {n for first, last in runs for n in range(first, last + 1)}
        assert members == set(numbers[: place + 1])
    assert runs == ((0, 29),)
