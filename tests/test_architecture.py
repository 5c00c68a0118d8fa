"""The rules of the house, as tests: what may import what, how long things are, what has a name.

Everything here reads the files that git tracks, so a new file is held to the rules from the
moment it is added.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from detectors.channels import CANONICAL_UNITS, CHANNEL_NAMES, DISPLAY_UNITS

ROOT = Path(__file__).resolve().parents[1]

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

PACKAGES = ("detectors", "monitor", "simulators")

EMPTY_NAMES = frozenset({"util", "utils", "helper", "helpers", "common", "manager", "managers"})
"""Names of modules that say nothing about what is in them."""

CORE_CONTRACT = "The core does no I/O and reads no clock"

SHELLS = frozenset(
    {
        "__main__",
        "adapters",
        "broker_options",
        "cohort_files",
        "engine_options",
        "excerpts",
        "replay_command",
        "sweep_command",
        "retell",
        "commands",
        "compare_command",
        "demo",
        "doctor",
        "engines",
        "live",
        "operations_command",
        "following",
        "inspection",
        "reconfiguring",
        "replay",
        "report_command",
        "reports",
        "scenario.checking",
        "scenario.rehearsal",
        "score_command",
        "settings.config_files",
        "settings.other_books",
        "settings.reloads",
        "series",
        "series_command",
        "simulate_command",
        "settings.settings",
        "settings.site_settings",
        "station",
        "station_command",
        "store_options",
        "station_process",
        "nurse_wards",
        "story_command",
        "story_library",
        "story_telling",
        "ward_rehearsal",
        "truth_file",
        "ward_telling",
        "study.archive",
        "study.runs",
        "study.ablation",
        "study.sweep",
        "study.sweep_tables",
        "study.cohort_baseline",
        "study.cohort_found",
        "study.cohort_heard",
        "study.cohort_load",
        "study.cohort_patterns",
        "study.cohort_tables",
        "study.cohort_detail",
        "study.cohort",
        "study.cohort_score",
        "study.cohort_trust",
        "study.cohort_ward",
        "study.comparison",
        "study.evidence",
        "study.nurse_outcomes",
        "study.scoring",
        "study.step_table",
        "why_command",
    }
)
"""What of the monitor is not core: the modules that meet the outside world."""

UNREPEATABLE_CALLS = frozenset({"open", "print", "input", "hash", "exec", "eval"})
"""Built-in functions that do I/O, or whose result differs from one process to the next."""

CLOCK_CALLS = frozenset({"now", "utcnow", "today", "monotonic", "perf_counter", "sleep"})
"""Methods that read or wait for a clock, whatever they are imported as."""

# The brackets keep this file from finding itself.
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X])\b")
ELSEWHERE = re.compile(
    r"/wor[k]/|/roo[t]/|/hom[e]/|py[p]i\.org|python[h]osted|np[m]js\.(org|com)|deb\.[d]ebian"
)
"""Folders of one machine and hosts of one registry mean nothing to those who install this."""

EXCEPTION_WITH_REASON = re.compile(
    r"# n[o]qa: [A-Z]+\d+(, [A-Z]+\d+)* +(-|#) \w|# type: i[g]nore\[[a-z-]+\]  # \w"
)
"""A rule is set aside by its number and with a reason: ``S603 - a known program``."""


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files that git tracks, relative to the checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return tuple(
        path for path in map(Path, listed.split("\0")) if path.name and (ROOT / path).is_file()
    )


@cache
def text_of(path: Path) -> str:
    """Return the text of a tracked file; empty for a picture or another binary file."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@cache
def python_files() -> tuple[Path, ...]:
    return tuple(path for path in tracked() if path.suffix == ".py")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def source_files() -> Iterator[Path]:
    return (path for path in python_files() if path.parts[0] in PACKAGES)


@cache
def core_modules() -> tuple[str, ...]:
    """Return the modules that must be pure, as the import contract lists them."""
    contracts = tomllib.loads(text_of(Path("pyproject.toml")))["tool"]["importlinter"]["contracts"]
    return tuple(next(c for c in contracts if c["name"] == CORE_CONTRACT)["source_modules"])


def core_files() -> Iterator[Path]:
    for module in core_modules():
        path = Path(*module.split("."))
        if (ROOT / path).is_dir():
            yield from sorted(p for p in python_files() if p.is_relative_to(path))
        else:
            yield path.with_suffix(".py")


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> int:
    """Return the lines of a function without its docstring, blank lines and comments."""
    first = function.body[0]
    assert function.end_lineno is not None
    rows = set(range(function.lineno, function.end_lineno + 1))
    if ast.get_docstring(function) is not None:
        assert first.end_lineno is not None
        rows -= set(range(first.lineno, first.end_lineno + 1))
    code = (lines[row - 1].strip() for row in rows)
    return sum(1 for line in code if line and not line.startswith("#"))


def test_imports_point_one_way() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(linter), "--no-logo", "--no-cache"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_file_is_read_in_one_sitting() -> None:
    long = {
        str(path): count
        for path in tracked()
        if path.suffix in {".py", ".js", ".css", ".sh"}
        and (count := len(text_of(path).splitlines())) > FILE_LINES_MAX
    }
    assert not long, f"more than {FILE_LINES_MAX} lines"


def test_a_function_is_seen_at_once() -> None:
    long = {
        f"{path}:{function.lineno} {function.name}": count
        for path in python_files()
        for function in functions(tree_of(path))
        if (count := code_lines(function, text_of(path).splitlines())) > FUNCTION_LINES_MAX
    }
    assert not long, f"more than {FUNCTION_LINES_MAX} lines of code"


def test_the_core_repeats_itself() -> None:
    found = []
    for path in core_files():
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            if (isinstance(called, ast.Name) and called.id in UNREPEATABLE_CALLS) or (
                isinstance(called, ast.Attribute) and called.attr in CLOCK_CALLS
            ):
                found.append(f"{path}:{node.lineno} {ast.unparse(called)}")
    assert not found, "the core is given the time and does no I/O"


def test_every_module_is_core_or_shell() -> None:
    modules = {
        ".".join(path.with_suffix("").parts[1:])
        for path in python_files()
        if path.parts[0] == "monitor" and path.stem != "__init__"
    }
    core = {
        module.removeprefix("monitor.")
        for module in core_modules()
        if module.startswith("monitor.")
    }

    def listed(module: str, names: frozenset[str] | set[str]) -> bool:
        return module in names or module.split(".", maxsplit=1)[0] in names

    assert [m for m in modules if listed(m, core) == listed(m, SHELLS)] == []


def test_nothing_is_left_unfinished() -> None:
    found = [
        f"{path}:{number}"
        for path in tracked()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not found


def test_nothing_points_at_one_machine() -> None:
    found = [
        f"{path}:{number} {match.group()}"
        for path in tracked()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if (match := ELSEWHERE.search(line))
    ]
    assert not found


def test_a_rule_is_set_aside_only_with_a_reason() -> None:
    marks = re.compile(r"# n[o]qa|# type: i[g]nore")
    found = [
        f"{path}:{number} {line.strip()}"
        for path in python_files()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if marks.search(line) and not EXCEPTION_WITH_REASON.search(line)
    ]
    assert not found


def test_a_module_is_named_for_what_is_in_it() -> None:
    found = [str(path) for path in python_files() if EMPTY_NAMES & set(path.stem.split("_"))]
    assert not found


def test_everything_public_says_what_it_is() -> None:
    silent = []
    for path in source_files():
        tree = tree_of(path)
        if ast.get_docstring(tree) is None:
            silent.append(str(path))
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        for node in [*tree.body, *(member for owner in classes for member in owner.body)]:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if not node.name.startswith("_") and ast.get_docstring(node) is None:
                silent.append(f"{path}:{node.lineno} {node.name}")
    assert not silent


def test_configuration_is_data() -> None:
    assert {path.suffix for path in tracked() if path.parts[0] == "config"} == {".toml"}


def test_every_target_of_the_makefile_has_help() -> None:
    targets = re.findall(r"^([a-z-]+):(?!=)(.*)$", text_of(Path("Makefile")), re.MULTILINE)
    assert targets
    assert [name for name, rest in targets if "## " not in rest] == []


def test_dependencies_have_both_bounds() -> None:
    written = re.findall(
        r'^ +"([a-z-]+)(?:\[\w+\])?([<>=].*)",?$', text_of(Path("pyproject.toml")), re.MULTILINE
    )
    assert {name for name, _ in written} > {"numpy", "paho-mqtt", "pytest", "ruff"}
    loose = [name for name, bounds in written if not re.fullmatch(r"==.+|>=.+,<.+", bounds)]
    assert not loose


@pytest.mark.parametrize(
    "row", list(zip(CHANNEL_NAMES, CANONICAL_UNITS, DISPLAY_UNITS, strict=True))
)
def test_the_glossary_has_every_channel(row: tuple[str, str, str]) -> None:
    name, unit, shown = row
    glossary = text_of(Path("docs/glossary.md"))
    assert re.search(
        rf"\| `{name}` \| [^|]+ \| `{re.escape(unit)}` \| {re.escape(shown)} \|", glossary
    )


def test_every_proof_of_safety_exists() -> None:
    cited = re.findall(r"`(tests/[\w/.]+\.py)(?:::(\w+))?`", text_of(Path("SAFETY.md")))
    assert cited
    missing = [
        f"{path}::{name}"
        for path, name in cited
        if not (ROOT / path).is_file() or (name and f"def {name}(" not in text_of(Path(path)))
    ]
    assert not missing
