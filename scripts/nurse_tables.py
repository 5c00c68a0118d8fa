"""Write what ``score nurses`` says into docs/scoring.md, between its marks.

``python -m scripts.nurse_tables FILE`` takes what ``score nurses --json`` printed into FILE.
"""

import re
import sys
from pathlib import Path
from typing import Final

import msgspec

from monitor.study.nurse_outcomes import NurseOutcomes, lines

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "scoring.md"
BLOCK: Final = re.compile(r"(<!-- nurses:begin -->\n).*?(<!-- nurses:end -->)", re.DOTALL)


def page(text: str, found: NurseOutcomes) -> str:
    """Return the page with the outcomes by nurse made anew."""
    return BLOCK.sub(lambda held: held[1] + "\n".join(lines(found)) + "\n" + held[2], text)


if __name__ == "__main__":
    told = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=NurseOutcomes)
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), told), encoding="utf-8")
