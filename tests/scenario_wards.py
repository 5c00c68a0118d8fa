"""The ward of the site's own configuration, for tests that tell stories to it."""

from ast import literal_eval
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings

CONFIG = Path(__file__).resolve().parents[1] / "config"


@cache
def site_settings() -> WardSettings:
    """Return the settings of the repository's configuration."""
    return load_settings(CONFIG).ward


def site_of(changes: Mapping[str, object]) -> Callable[[str], Ward]:
    """Return what makes fresh wards of the repository's configuration with some changes."""
    settings = _changed_settings(repr(sorted(changes.items()))) if changes else site_settings()
    return lambda unit: Ward(settings, unit=unit)


@cache
def _changed_settings(changes: str) -> WardSettings:
    return load_settings(CONFIG, dict(literal_eval(changes))).ward


def real_ward(unit: str) -> Ward:
    """Return a fresh ward."""
    return Ward(site_settings(), unit=unit)
