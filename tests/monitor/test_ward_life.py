"""One bed played at random; what happens and what must hold stands in :mod:`ward_life`."""

from hypothesis import HealthCheck, settings
from ward_life import Life

TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
