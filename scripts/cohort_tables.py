"""Write what a score of a cohort says into README and docs/scoring.md, between their marks.

``python -m scripts.cohort_tables FILE`` takes what ``score cohort --json`` printed into FILE.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from monitor.study.cohort_score import CohortScore
from monitor.study.cohort_tables import judgement_lines, outcome_lines

ROOT: Final = Path(__file__).resolve().parents[1]
BLOCK: Final = re.compile(r"(<!-- cohort:begin -->\n).*?(<!-- cohort:end -->)", re.DOTALL)
README, SCORING = ROOT / "README.md", ROOT / "docs" / "scoring.md"


def page(text: str, made: Iterable[str]) -> str:
    """Return a page with its block of the cohort made anew."""
    return BLOCK.sub(lambda found: found[1] + "\n".join(made) + "\n" + found[2], text)


def pages(score: CohortScore) -> dict[Path, str]:
    """Return README and the page of scores with the tables of a score in them."""
    parts = {README: outcome_lines(score), SCORING: judgement_lines(score)}
    return {path: page(path.read_text(encoding="utf-8"), made) for path, made in parts.items()}


if __name__ == "__main__":
    told = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=CohortScore)
    for path, text in pages(told).items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
