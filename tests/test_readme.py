"""What the README claims is what the commands print."""

import io
import re
from pathlib import Path

import pytest

from monitor.settings.settings import load_settings
from monitor.study.evidence import run
from monitor.ward.ward import Ward

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.evidence
def test_its_table_is_what_the_evidence_command_prints(evidence: Path) -> None:
    settings = load_settings(ROOT / "config")
    printed = io.StringIO()
    code = run(
        evidence,
        ward_of=lambda unit: Ward(settings.ward, unit=unit),
        out=printed,
        err=io.StringIO(),
        as_markdown=True,
    )
    assert code == 0, "a recording made the monitor crash"
    shown = re.search(r"<!-- evidence:begin -->\n(.*?)<!-- evidence:end -->", README, re.DOTALL)
    assert shown is not None
    assert shown[1].strip() == printed.getvalue().strip()


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
