"""The probes that a step's verification may name, with their parameters: agreed on by both sides.

The executor's own catalogue holds a row for each of these; tests compare them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.parameters import Parameter, ParameterType


@dataclass(frozen=True, slots=True)
class ProbeKind:
    """One way to find out whether a step has worked."""

    purpose: str
    parameters: Mapping[str, Parameter]
    one_of: tuple[str, ...] = ()
    """Parameters of which exactly one must be given."""
    filled_in: tuple[str, ...] = ()
    """Parameters in which `PLACEHOLDERS`, and nothing else, stand for the target's own names."""


ROLLOUT = "rollout"
DRAINED = "drained"
JOB_SUCCEEDED = "job_succeeded"
GONE = "gone"
HAS_ROOM = "has_room"
EXPANDED = "expanded"
STABLE = "stable"
READY = "ready"
HTTP = "http"
PROMQL = "promql"
METRIC = "metric"

PLACEHOLDERS = ("{namespace}", "{name}")
PROBES_MAX = 16
"""Of one step."""
PROBE_TIMEOUT_MS_MAX = 30_000

_TIMEOUT = Parameter(ParameterType.DURATION, "how long the answer may take, at most 30 s")
_ABOVE = Parameter(ParameterType.NUMBER, "passes while the value is greater than this")
_BELOW = Parameter(ParameterType.NUMBER, "passes while the value is less than this")

PROBES: Mapping[str, ProbeKind] = {
    ROLLOUT: ProbeKind("the last change has reached every pod, and all are available", {}),
    DRAINED: ProbeKind("the node is cordoned, and no pod is left that a drain takes away", {}),
    JOB_SUCCEEDED: ProbeKind("the Job that was made for the target last has succeeded", {}),
    READY: ProbeKind("the node, or the pod, says that it is ready", {}),
    STABLE: ProbeKind("a Rollout's stable release has all traffic, and all its pods", {}),
    GONE: ProbeKind("the very object that was acted on is no longer there", {}),
    HAS_ROOM: ProbeKind("the autoscaler wants fewer replicas than its maximum", {}),
    EXPANDED: ProbeKind("the claim has the capacity that it asks for", {}),
    HTTP: ProbeKind(
        "an address answers as it should",
        {
            "url": Parameter(ParameterType.URL, "what to get", required=True),
            "status": Parameter(ParameterType.INT, "the status wanted, 200 unless given"),
            "contains": Parameter(ParameterType.TEXT, "text that the answer must contain"),
            "timeout": _TIMEOUT,
        },
        filled_in=("url",),
    ),
    PROMQL: ProbeKind(
        "a Prometheus query gives one value, beyond a threshold",
        {
            "query": Parameter(ParameterType.TEXT, "an instant query", required=True),
            "above": _ABOVE,
            "below": _BELOW,
            "timeout": _TIMEOUT,
        },
        one_of=("above", "below"),
        filled_in=("query",),
    ),
    METRIC: ProbeKind(
        "a metric that the service itself exposes has one value, beyond a threshold",
        {
            "url": Parameter(ParameterType.URL, "where the metrics are exposed", required=True),
            "metric": Parameter(ParameterType.TEXT, "the name of the series", required=True),
            "labels": Parameter(ParameterType.LABELS, "what its labels must be"),
            "above": _ABOVE,
            "below": _BELOW,
            "timeout": _TIMEOUT,
        },
        one_of=("above", "below"),
        filled_in=("url",),
    ),
}
"""A VERIFY's parameter `probes` is either names of kinds between commas, which take no parameters,
or a JSON array of objects: `probe`, the kind; `name`, under which it is answered, unique among
them; beside these the parameters, as text."""
