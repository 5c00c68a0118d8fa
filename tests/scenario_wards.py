"""The ward of the site's own configuration, for tests that tell stories to it."""

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


def real_ward(unit: str) -> Ward:
    """Return a fresh ward."""
    return Ward(site_settings(), unit=unit)
