"""What makes budgets, autoscalers, config maps and events invalid."""

import re
from collections.abc import Iterator

from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.api.valid_values import bad_selector, count_or_percent
from deploy.sandbox.cluster.objects import Json

CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
CONFIG_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
    "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
    "'[-._a-zA-Z0-9]+')"
)
FIXED_CONFIG = "field is immutable when `immutable` is set"


def budget(obj: Json, _: Json | None) -> Iterator[Cause]:
    spec = obj["spec"]
    yield from bad_selector(spec.get("selector") or {}, "spec.selector")
    if "minAvailable" in spec and "maxUnavailable" in spec:
        problem = "minAvailable and maxUnavailable cannot be both set"
        yield Cause.invalid("spec", "", problem)
    for key in ("minAvailable", "maxUnavailable"):
        if key in spec:
            yield from count_or_percent(spec[key], f"spec.{key}")
    policy = spec.get("unhealthyPodEvictionPolicy", "AlwaysAllow")
    if policy not in ("AlwaysAllow", "IfHealthyBudget"):
        known = ["AlwaysAllow", "IfHealthyBudget"]
        yield Cause.unsupported("spec.unhealthyPodEvictionPolicy", policy, known)


def autoscaler(obj: Json, _: Json | None) -> Iterator[Cause]:
    spec = obj["spec"]
    target = spec.get("scaleTargetRef") or {}
    for key in ("kind", "name"):
        if not target.get(key):
            yield Cause.required(f"spec.scaleTargetRef.{key}")
    if not target.get("apiVersion"):
        problem = "apiVersion must specify API group"
        yield Cause.invalid("spec.scaleTargetRef.apiVersion", "", problem)
    if spec["minReplicas"] < 1:
        problem = "must be greater than or equal to 1"
        yield Cause.invalid("spec.minReplicas", spec["minReplicas"], problem)
    if spec.get("maxReplicas", 0) < 1:
        yield Cause.required("spec.maxReplicas", "must be set and greater than 0")
    elif spec["minReplicas"] > spec["maxReplicas"]:
        problem = "must be greater than or equal to `minReplicas`"
        yield Cause.invalid("spec.maxReplicas", spec["maxReplicas"], problem)


def config_map(obj: Json, old: Json | None) -> Iterator[Cause]:
    for key in ("data", "binaryData"):
        for name in obj.get(key) or {}:
            if not CONFIG_KEY.fullmatch(name):
                yield Cause.invalid(f"{key}[{name}]", name, CONFIG_KEY_RULE)
            elif key == "data" and name in (obj.get("binaryData") or {}):
                problem = "duplicate of key present in binaryData"
                yield Cause.invalid(f"data[{name}]", name, problem)
    if old is not None and old.get("immutable"):
        if not obj.get("immutable"):
            yield Cause.forbidden("immutable", FIXED_CONFIG)
        for key in ("data", "binaryData"):
            if obj.get(key) != old.get(key):
                yield Cause.forbidden(key, FIXED_CONFIG)


def event(obj: Json, old: Json | None) -> Iterator[Cause]:
    """Of something in a namespace, beside it; of a node, in the default one."""
    space, dated = obj.get("involvedObject", {}).get("namespace", ""), "eventTime" in obj
    misplaced = (space or "default") != obj["metadata"]["namespace"]
    if old is None and misplaced and not (dated and space):
        problem = "does not match event.namespace"
        yield Cause.invalid("involvedObject.namespace", space, problem)
    for field in ("reportingComponent", "reportingInstance", "action", "reason"):
        if dated and not obj.get(field):
            yield Cause.required(field)
