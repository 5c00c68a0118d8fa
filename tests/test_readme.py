"""What the README claims is what the commands print."""

import io
import re
from pathlib import Path

import pytest

from monitor.settings.settings import load_settings
from monitor.study.cohort_found import rule_keys
from monitor.study.cohort_score import score_of
from monitor.study.cohort_tables import lines
from monitor.study.evidence import markdown, report
from monitor.ward.ward import Ward
from simulators.overloads import PHENOTYPES

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.evidence
def test_its_table_is_what_all_evidence_replays_to_without_a_crash(evidence: Path) -> None:
    settings = load_settings(ROOT / "config").ward
    found = report(evidence, lambda unit: Ward(settings, unit=unit), io.StringIO())

    assert found.crashes == ()
    assert {row.source for row in found.rows} == {
        "cases: icu_transfusion",
        "cases: literature",
        "cases: vaers",
        "mimic3-demo",
    }
    assert sum(row.sessions for row in found.rows) == 124 + 43
    assert sum(row.refused for row in found.rows) == 0
    # A floor that a worse rule book would break, well below what is reached now.
    called = [case.called for case in found.cases if case.attention]
    assert sum(called) >= 0.85 * len(called)
    shown = re.search(r"<!-- evidence:begin -->\n(.*?)<!-- evidence:end -->", README, re.DOTALL)
    assert shown is not None
    assert shown[1].strip() == "\n".join(markdown(found)).strip()


def test_its_cohort_tables_have_the_form_of_the_command() -> None:
    shown = re.search(r"<!-- cohort:begin -->\n(.*?)<!-- cohort:end -->", README, re.DOTALL)
    assert shown is not None
    printed = list(lines(score_of([])))
    table = shown[1].splitlines()
    heads = [line for line in printed if line.startswith(("| Rule |", "| Pattern |"))]
    assert [line for line in table if line.startswith(("| Rule |", "| Pattern |"))] == heads
    named = [line.split(" | ")[0] for line in table if line.startswith("| ")]
    # Every rule has a line in the tables of the rules and one in that by pattern.
    rules = [f"| {words}" for words in rule_keys().values()]
    starts = ("| Rule", "| By rule |")
    ways = [line for line in table if line.startswith(starts)]
    assert [ways[0].split(" | ")[0], ways[-1].split(" | ")[0]] == ["| Rule", "| By rule"]
    narrow = [line for line in printed if line.startswith("| Rule, to 15 min after the end |")]
    assert len(narrow) == 1
    assert ways[1:-1] == narrow
    assert [one for one in named if one in rules] == len(ways) * rules
    patterns = {kind.pattern for kind in PHENOTYPES.values()}
    assert {f"| {one}" for one in patterns} <= set(named)
    (by_rule,) = [line for line in table if line.startswith("| By rule |")]
    assert set(by_rule.strip("| ").split(" | ")[2:]) == patterns
    sessions = re.match(r"\d+", table[0])
    assert sessions is not None
    assert f"make cohort SESSIONS={sessions[0]}`" in README


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_its_commands_exist() -> None:
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = set(re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", README, re.MULTILINE))
    for one in named:
        assert (one[0] or one[1]) in targets, one
