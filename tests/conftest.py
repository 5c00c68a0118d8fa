"""What every test may ask for: a real broker, the real recordings, and chance that repeats.

On the build server (``CI=true``) a skipped test is a failed one: a test that does not run there
runs nowhere.
"""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from chance import examples
from hypothesis import settings

from monitor.adapters.broker import LocalBroker
from monitor.adapters.journal import Journal
from monitor.adapters.journal_file import About
from monitor.adapters.journal_hold import Hold

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}

# On the build server chance is always the same, so half as many examples prove hardly less there;
# everybody else draws new ones each time.
settings.register_profile("developer", deadline=None, max_examples=examples(100))
settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, max_examples=examples(50)
)
settings.load_profile("ci" if IN_CI else "developer")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure on the build server, and keep its reason."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped (CI is set): {reason}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of pages, and let them come last.

    Playwright keeps an event loop running in the thread of the tests for as long as its browser
    is open; what starts a loop of its own, or counts its recursion, would stumble over it.
    """
    items.sort(key=lambda item: "playwright" in getattr(item, "fixturenames", ()))
    for item in items:
        if "playwright" in getattr(item, "fixturenames", ()):
            item.add_marker("page")


@pytest.fixture(scope="session", autouse=True)
def _unhurried_journals() -> Iterator[None]:
    """Let the journals of this process not wait for the disk, which takes most of their time.

    No test cuts the power. What a test kills is another process, whose journals wait as always,
    and what the system has taken survives a kill anyway.
    """
    opened = Journal.__init__

    def unhurried(self: Journal, path: Path, hold: Hold, about: About) -> None:
        hold.connection.execute("PRAGMA synchronous=OFF")
        opened(self, path, hold, about)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "__init__", unhurried)
        yield


@pytest.fixture(scope="session")
def broker() -> Iterator[LocalBroker]:
    """One mosquitto for the whole run; tests keep apart by the unit in their topics."""
    with LocalBroker() as running:
        yield running


@pytest.fixture(scope="session")
def evidence() -> Path:
    """Folder of the real recordings and published cases, which are not ours to distribute."""
    named = os.environ.get("IRM_EVIDENCE")
    beside = Path(__file__).resolve().parents[2].joinpath("shared", "evidence")
    folder = Path(named) if named else beside
    if not folder.is_dir():
        pytest.skip(f"no real recordings at {folder}; set IRM_EVIDENCE to their folder")
    return folder
