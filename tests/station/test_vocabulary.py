"""What a page is told once: the words that people choose from, and what advice leaves out."""

from pathlib import Path

import msgspec
import pytest

from monitor.settings.settings import Settings, load_settings
from monitor.station.vocabulary import TOLD_KINDS, vocabulary

CONFIG = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture(scope="module")
def settings() -> Settings:
    """The configuration that is shipped."""
    return load_settings(CONFIG)


def test_every_rung_says_what_advice_leaves_out(settings: Settings) -> None:
    told = vocabulary(settings)["steps"]
    assert isinstance(told, dict)
    assert set(told) == {ladder.key for ladder in settings.ward.ladders}
    for ladder in settings.ward.ladders:
        for step in ladder.steps:
            said = told[ladder.key].get(step.key, {})
            assert said.get("adjunct", False) == step.adjunct
            assert said.get("drug", "") == step.drug
            assert said.get("kind", "") == (step.kind if step.kind in TOLD_KINDS else "")
            assert ("repeat_s" in said) == (step.repeat_ms is not None)


def test_epinephrine_says_when_the_site_repeats_it(settings: Settings) -> None:
    told = vocabulary(settings)["steps"]
    assert isinstance(told, dict)
    assert told["anaphylaxis"]["epinephrine"]["repeat_s"] == 300


def test_the_words_of_a_page_stay_small(settings: Settings) -> None:
    assert len(msgspec.json.encode(vocabulary(settings))) < 24_000
