"""The page about detection: its plots are made again and must be the same."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.detection_plots import PICTURES, PLOTS

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "detection.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "plot"), PLOTS.items(), ids=list(PLOTS))
def test_a_plot_is_what_the_code_draws(name: str, plot: Callable[[], str]) -> None:
    drawn = (PICTURES / name).read_text(encoding="utf-8")
    # Compared as lines, so that a difference is shown as one; make plots draws them anew.
    assert plot().splitlines() == drawn.splitlines()


def test_every_plot_is_shown_and_every_shown_plot_is_made() -> None:
    assert set(re.findall(r"\(pictures/([\w.-]+)\)", TEXT)) == set(PLOTS)


def test_every_page_that_it_names_exists() -> None:
    named = re.findall(r"\(([\w-]+\.md)\)", TEXT)
    assert named
    assert [page for page in named if not (ROOT / "docs" / page).is_file()] == []
