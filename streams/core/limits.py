"""How much may be done, and when it is too much."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Every one is written down in the policy, or taken from a preset that it names."""

    actions_per_minute: int
    actions_per_hour: int
    burst: int
    """Actions within any ten seconds."""
    concurrent: int
    concurrent_per_service: int
    attempts_per_incident: int
    attempts_per_target: int
    """Of one action on one target, within `attempts_window_ms`."""
    attempts_window_ms: int
    cooldown_ms: int
    service_cooldown_ms: int
    observation_age_ms: int
    command_ttl_ms: int
    patience_ms: int
    """How long an incident may be held by passing refusals before a human is told."""
    close_after_ms: int
    share_percent: int
    """Of a workload's pods that an action may take away, the unavailable ones included."""
    min_healthy_percent: int
    min_healthy: int
    crowd: int
    """Shares of services, nodes or pods are judged from so many on; below that, one at a time."""
    unhealthy_nodes_percent: int
    unhealthy_nodes: int
    flap_transitions: int
    flap_window_ms: int
    storm_incidents: int
    storm_window_ms: int
    storm_share_percent: int
    """Of the catalogue's services with an open incident."""
    storm_cooldown_ms: int
    breaker_percent: int
    breaker_of: int
    breaker_least: int
    breaker_straight: int
    breaker_open_ms: int
    decision_lag_ms: int
    """From ordering a look to its being taken."""
    sightings_lag_ms: int
    """How long a delivery may have waited before it was read."""
    shadow_cases: int
    shadow_agreed_percent: int
    shadow_for_ms: int
