"""Presets of limits that a policy may name. One that was released never changes: a policy that
names it would mean something else on the next release. Better values get a new name."""

from streams.core.limits import Limits

_S, _M, _H, _D = 1_000, 60_000, 3_600_000, 86_400_000

PRESETS = {
    "production-1": Limits(
        actions_per_minute=6,
        actions_per_hour=30,
        burst=3,
        concurrent=3,
        concurrent_per_service=1,
        attempts_per_incident=3,
        attempts_per_target=2,
        attempts_window_ms=6 * _H,
        cooldown_ms=15 * _M,
        service_cooldown_ms=5 * _M,
        observation_age_ms=30 * _S,
        command_ttl_ms=120 * _S,
        patience_ms=10 * _M,
        close_after_ms=30 * _M,
        share_percent=10,
        min_healthy_percent=51,
        min_healthy=2,
        crowd=10,
        unhealthy_nodes_percent=20,
        unhealthy_nodes=5,
        flap_transitions=4,
        flap_window_ms=30 * _M,
        storm_incidents=100,
        storm_window_ms=5 * _M,
        storm_share_percent=20,
        storm_cooldown_ms=10 * _M,
        breaker_percent=80,
        breaker_of=20,
        breaker_least=10,
        breaker_straight=3,
        breaker_open_ms=30 * _M,
        decision_lag_ms=30 * _S,
        sightings_lag_ms=60 * _S,
        shadow_cases=20,
        shadow_agreed_percent=95,
        shadow_for_ms=14 * _D,
    ),
}
