"""Limits are written down, or come from a preset that never changes."""

from dataclasses import asdict, fields

import pytest

from streams.core.limits import Limits
from streams.policy.limits import LIMITS, field_of
from streams.policy.presets import PRESETS
from tests.streams.policy.texts import changed, faults, policy

ALL = "\n".join(
    [
        "  actions_per_minute: 6\n  actions_per_hour: 30\n  burst: 3\n  concurrent: 3",
        "  concurrent_per_service: 1\n  attempts_per_incident: 3\n  attempts_per_target: 2",
        "  attempts_window: 6h\n  cooldown: 15m\n  service_cooldown: 5m\n  observation_age: 30s",
        "  command_ttl: 120s\n  patience: 10m\n  close_after: 30m\n  share_percent: 10",
        "  min_healthy_percent: 51\n  min_healthy: 2\n  crowd: 10\n  unhealthy_nodes_percent: 20",
        "  unhealthy_nodes: 5\n  flap_transitions: 4\n  flap_window: 30m\n  storm_incidents: 100",
        "  storm_window: 5m\n  storm_share_percent: 20\n  storm_cooldown: 10m",
        "  breaker_percent: 80\n  breaker_of: 20\n  breaker_least: 10\n  breaker_straight: 3",
        "  breaker_open: 30m\n  decision_lag: 30s\n  sightings_lag: 60s\n  shadow_cases: 20",
        "  shadow_agreed_percent: 95\n  shadow_for: 14d",
    ]
)
"""production-1, as it was released."""
PRESET = "  preset: production-1"


def test_a_preset_never_changes_once_it_is_released() -> None:
    assert list(PRESETS) == ["production-1"]
    assert policy(PRESET, ALL).limits == PRESETS["production-1"]
    assert policy().limits == PRESETS["production-1"]


def test_every_limit_has_a_key() -> None:
    assert {field_of(key) for key in LIMITS} == {field.name for field in fields(Limits)}
    assert all(limit.about for limit in LIMITS.values())


def test_what_is_written_down_goes_before_the_preset() -> None:
    limits = policy(PRESET, f"{PRESET}\n  cooldown: 10s\n  burst: 2").limits
    assert (limits.cooldown_ms, limits.burst) == (10_000, 2)
    others = asdict(limits) | {"cooldown_ms": 900_000, "burst": 3}
    assert others == asdict(PRESETS["production-1"])


@pytest.mark.parametrize("key", LIMITS)
def test_one_that_is_missing_is_an_error_and_not_no_limit(key: str) -> None:
    without = "\n".join(line for line in ALL.splitlines() if not line.startswith(f"  {key}:"))
    (found,) = faults(changed(PRESET, without))
    assert f"limits needs {key!r}" in found


@pytest.mark.parametrize("value", ["0", "0s", ".nan", "-1", '"5"', "", "many", "1.5", "null", "[]"])
@pytest.mark.parametrize("key", LIMITS)
def test_one_that_cannot_be_read_is_an_error(key: str, value: str) -> None:
    (found,) = faults(changed(PRESET, f"{PRESET}\n  {key}: {value}"))
    assert found.startswith("p.yaml:5:")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("preset: production-2", "unknown: 'production-2'; known: production-1"),
        ("concurent: 3", "unknown key 'concurent' in limits"),
        ("attempts_per_target: 21", "expected a number from 1 to 20"),
        ("flap_transitions: 17", "expected a number from 1 to 16"),
        ("attempts_window: 2d", "at most 1d"),
        ("cooldown: 25h", "at most 1d"),
        ("service_cooldown: 25h", "at most 1d"),
        ("shadow_for: 400d", "at most a year"),
        ("breaker_of: 9", "the breaker would never judge"),
    ],
)
def test_what_could_never_work_is_an_error(line: str, expected: str) -> None:
    text = f"  {line}" if line.startswith("preset") else f"{PRESET}\n  {line}"
    found = faults(changed(PRESET, text))
    assert any(expected in one for one in found), found
