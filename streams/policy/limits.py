"""`limits`: every one written down, or taken from a preset that the policy names.

One that is missing, zero or unreadable is a fault, never "no limit".
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial

from yaml.nodes import Node

from streams.core.entries import FLIPS_MAX
from streams.core.limits import Limits
from streams.core.standing import ACTED_MAX, TARGET_KEPT_MS
from streams.policy.presets import PRESETS
from streams.reading.nodes import Reading, Section
from streams.reading.shapes import PERCENT, Shape, Unreadable, duration, one_of, whole

_SPAN = duration()
_KEPT = duration(most_ms=TARGET_KEPT_MS)
"""A target's history is kept for so long: a limit that looks further back would stop nothing."""


@dataclass(frozen=True, slots=True)
class Limit:
    shape: Shape[int]
    about: str


LIMITS: Mapping[str, Limit] = {
    "actions_per_minute": Limit(whole(), "actions in any minute, in a cluster"),
    "actions_per_hour": Limit(whole(), "actions in any hour, in a cluster"),
    "burst": Limit(whole(), "actions within any ten seconds"),
    "concurrent": Limit(whole(), "actions under way at once, in a cluster"),
    "concurrent_per_service": Limit(whole(), "actions under way at once on one service"),
    "attempts_per_incident": Limit(whole(), "then a human"),
    "attempts_per_target": Limit(
        whole(most=ACTED_MAX), "of one action on one target, within attempts_window"
    ),
    "attempts_window": Limit(_KEPT, "how far back attempts on a target count; at most 24h"),
    "cooldown": Limit(_KEPT, "how long a target is left alone after an action; at most 24h"),
    "service_cooldown": Limit(_KEPT, "how long a service is left alone after one; at most 24h"),
    "observation_age": Limit(_SPAN, "an older look at the target is no basis for an action"),
    "command_ttl": Limit(_SPAN, "a command that is not carried out by then never is"),
    "patience": Limit(
        _SPAN, "how long passing refusals may hold an incident before a human is told"
    ),
    "close_after": Limit(_SPAN, "how long after its end an incident is closed"),
    "share_percent": Limit(
        PERCENT,
        "more of a workload's pods away at once, the unavailable ones included: two must say yes",
    ),
    "min_healthy_percent": Limit(PERCENT, "of a workload's pods that must be left ready"),
    "min_healthy": Limit(whole(), "pods of a workload that must be left ready"),
    "crowd": Limit(
        whole(), "from so many on shares are judged; below that, one pod or node at a time"
    ),
    "unhealthy_nodes_percent": Limit(PERCENT, "more of the nodes unhealthy: no node is touched"),
    "unhealthy_nodes": Limit(whole(), "so many nodes unhealthy: no node is touched"),
    "flap_transitions": Limit(
        whole(most=FLIPS_MAX), "so many changes of an alert within flap_window: it flaps"
    ),
    "flap_window": Limit(_SPAN, "see flap_transitions"),
    "storm_incidents": Limit(whole(), "more new incidents within storm_window: a storm"),
    "storm_window": Limit(_SPAN, "see storm_incidents"),
    "storm_share_percent": Limit(
        PERCENT, "more of the catalogue's services with an open incident: a storm"
    ),
    "storm_cooldown": Limit(_SPAN, "how long after a storm nothing is done yet"),
    "breaker_percent": Limit(PERCENT, "fewer successes among breaker_of: the breaker opens"),
    "breaker_of": Limit(whole(), "how many of the last actions are judged"),
    "breaker_least": Limit(whole(), "fewer than that are not judged"),
    "breaker_straight": Limit(whole(), "so many failures in a row: the breaker opens"),
    "breaker_open": Limit(_SPAN, "how long it stays open before one action is tried"),
    "decision_lag": Limit(_SPAN, "a look that came later after it was ordered: we are behind"),
    "sightings_lag": Limit(_SPAN, "alerts that waited longer before they were read: we are behind"),
    "shadow_cases": Limit(whole(), "cases that people must have judged before a playbook may act"),
    "shadow_agreed_percent": Limit(PERCENT, "of these that they must have agreed with"),
    "shadow_for": Limit(_SPAN, "how long a playbook must have been in shadow"),
}
_PRESET = one_of(dict.fromkeys(PRESETS, ""))


def field_of(key: str) -> str:
    """In `Limits`, where spans say their unit."""
    return key if LIMITS[key].shape not in (_SPAN, _KEPT) else f"{key}_ms"


def _read(reading: Reading, node: Node) -> Limits:
    before = len(reading.faults)
    section = Section(reading, node, "limits")
    preset = section.may("preset", partial(_PRESET.read, reading), "")
    values = dict(_from_preset(preset))
    for key, limit in LIMITS.items():
        if key in section or preset not in PRESETS:
            values[field_of(key)] = section.need(key, partial(limit.shape.read, reading), 0)
    section.done(", ".join(["preset", *LIMITS]))
    if len(reading.faults) > before:
        raise Unreadable
    limits = Limits(**values)
    for why in _nothing_could_work(limits):
        reading.fault(node, why)
    return limits


def _nothing_could_work(limits: Limits) -> Iterator[str]:
    """Contradictions: what one limit asks for, another makes impossible."""
    if limits.breaker_least > limits.breaker_of:
        yield "breaker_least is more than breaker_of: the breaker would never judge"


def _from_preset(name: str) -> Mapping[str, int]:
    return asdict(PRESETS[name]) if name in PRESETS else {}


def _schema() -> Mapping[str, object]:
    properties = {key: limit.shape.described(limit.about) for key, limit in LIMITS.items()}
    preset = _PRESET.described("where the limits come from that are not written down")
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {"preset": preset, **properties},
        "anyOf": [{"required": ["preset"]}, {"required": list(LIMITS)}],
    }


LIMITS_SHAPE: Shape[Limits] = Shape(_read, _schema())
