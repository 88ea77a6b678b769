"""What makes an object invalid: the rules of the real API server that our users can run into."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from deploy.sandbox.cluster.api import selectors
from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.objects import Json

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
QUALIFIED_NAME = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
PERCENT = re.compile(r"[0-9]+%")
ANNOTATIONS_BYTES_MAX = 256 * 1024

SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
    "'-' or '.', and must start and end with an alphanumeric character"
)
NEGATIVE_RULE = "must be greater than or equal to 0"
POD_FIELDS_THAT_MAY_CHANGE = frozenset(
    {"activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations"}
)


def problems(kind: str, obj: Json, old: Json | None) -> list[Cause]:
    """Everything that is wrong, for a creation or, given `old`, for a change."""
    found = list(_metadata(obj))
    match kind:
        case "Deployment":
            found += _workload(obj, old)
            found += _strategy(obj["spec"])
        case "ReplicaSet":
            found += _workload(obj, old)
        case "Pod":
            found += _pod_spec(obj["spec"], "spec") if old is None else _pod_change(obj, old)
        case "PodDisruptionBudget":
            found += _budget(obj["spec"])
        case "HorizontalPodAutoscaler":
            found += _autoscaler(obj["spec"])
    return found


def _metadata(obj: Json) -> Iterator[Cause]:
    meta = obj["metadata"]
    if not SUBDOMAIN.fullmatch(meta["name"]):
        yield Cause.invalid("metadata.name", meta["name"], SUBDOMAIN_RULE)
    yield from _labels(meta.get("labels") or {}, "metadata.labels")
    notes: dict[str, str] = meta.get("annotations") or {}
    for key in notes:
        if not QUALIFIED_NAME.fullmatch(key):
            yield Cause.invalid("metadata.annotations", key, "name part must be valid")
    if sum(len(key) + len(value) for key, value in notes.items()) > ANNOTATIONS_BYTES_MAX:
        reason = f"may not be more than {ANNOTATIONS_BYTES_MAX} bytes"
        yield Cause("metadata.annotations", f"Too long: {reason}", "FieldValueTooLong")


def _labels(labels: dict[str, str], field: str) -> Iterator[Cause]:
    for key, value in labels.items():
        if not QUALIFIED_NAME.fullmatch(key):
            yield Cause.invalid(field, key, "name part must be valid")
        if not LABEL_VALUE.fullmatch(value):
            yield Cause.invalid(
                field, value, "a valid label must be an empty string or alphanumeric"
            )


def _workload(obj: Json, old: Json | None) -> Iterator[Cause]:
    spec = obj["spec"]
    yield from _not_negative(
        spec, "replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"
    )
    selector, template = spec.get("selector"), spec.get("template")
    if selector is None:
        yield Cause.required("spec.selector")
    elif selectors.is_empty(selector):
        problem = f"empty selector is invalid for {obj['kind'].lower()}"
        yield Cause.invalid("spec.selector", selector, problem)
    if template is None or "spec" not in template:
        yield Cause.required("spec.template.spec")
        return
    template_labels = template["metadata"].get("labels") or {}
    if not selectors.is_empty(selector) and not selectors.selects(selector, template_labels):
        problem = "`selector` does not match template `labels`"
        yield Cause.invalid("spec.template.metadata.labels", template_labels, problem)
    if old is not None and selector != old["spec"]["selector"]:
        yield Cause.invalid("spec.selector", selector, "field is immutable")
    yield from _labels(template_labels, "spec.template.metadata.labels")
    if template["spec"]["restartPolicy"] != "Always":
        policy = template["spec"]["restartPolicy"]
        yield Cause.unsupported("spec.template.spec.restartPolicy", policy, ["Always"])
    yield from _pod_spec(template["spec"], "spec.template.spec")


def _strategy(spec: Json) -> Iterator[Cause]:
    strategy, field = spec["strategy"], "spec.strategy"
    if strategy["type"] == "Recreate":
        if "rollingUpdate" in strategy:
            problem = "may not be specified when strategy `type` is 'Recreate'"
            yield Cause.forbidden(f"{field}.rollingUpdate", problem)
        return
    if strategy["type"] != "RollingUpdate":
        known = ["Recreate", "RollingUpdate"]
        yield Cause.unsupported(field, strategy["type"], known)
        return
    rolling = strategy["rollingUpdate"]
    for key in ("maxSurge", "maxUnavailable"):
        yield from _count_or_percent(rolling.get(key), f"{field}.rollingUpdate.{key}")
    if all(rolling.get(key) in (0, "0%") for key in ("maxSurge", "maxUnavailable")):
        problem = "may not be 0 when `maxSurge` is 0"
        yield Cause.invalid(f"{field}.rollingUpdate.maxUnavailable", 0, problem)


def _pod_spec(spec: Json, field: str) -> Iterator[Cause]:
    containers = spec.get("containers") or ()
    if not containers:
        yield Cause.required(f"{field}.containers")
    seen: set[str] = set()
    for index, container in enumerate(containers):
        yield from _container(container, f"{field}.containers[{index}]", seen)
    if spec["restartPolicy"] not in ("Always", "OnFailure", "Never"):
        known = ["Always", "OnFailure", "Never"]
        yield Cause.unsupported(f"{field}.restartPolicy", spec["restartPolicy"], known)
    grace_s = spec["terminationGracePeriodSeconds"]
    if grace_s < 0:
        yield Cause.invalid(f"{field}.terminationGracePeriodSeconds", grace_s, NEGATIVE_RULE)


def _container(container: Json, field: str, seen: set[str]) -> Iterator[Cause]:
    name = container.get("name", "")
    if not name:
        yield Cause.required(f"{field}.name")
    elif name in seen:
        yield Cause(f"{field}.name", f'Duplicate value: "{name}"', "FieldValueDuplicate")
    seen.add(name)
    if not container.get("image"):
        yield Cause.required(f"{field}.image")
    for index, variable in enumerate(container.get("env") or ()):
        if not variable.get("name"):
            yield Cause.required(f"{field}.env[{index}].name")
        if "value" in variable and "valueFrom" in variable:
            problem = "may not be specified when `value` is not empty"
            yield Cause.invalid(f"{field}.env[{index}].valueFrom", "", problem)


def _pod_change(new: Json, old: Json) -> Iterator[Cause]:
    if _fixed(new["spec"]) != _fixed(old["spec"]):
        allowed = "`spec.containers[*].image`, " + ", ".join(
            f"`spec.{field}`" for field in sorted(POD_FIELDS_THAT_MAY_CHANGE)
        )
        yield Cause.forbidden("spec", f"pod updates may not change fields other than {allowed}")


def _fixed(spec: Json) -> Json:
    fixed = {key: part for key, part in spec.items() if key not in POD_FIELDS_THAT_MAY_CHANGE}
    fixed["containers"] = [{**container, "image": ""} for container in spec["containers"]]
    return fixed


def _budget(spec: Json) -> Iterator[Cause]:
    if "minAvailable" in spec and "maxUnavailable" in spec:
        problem = "minAvailable and maxUnavailable cannot be both set"
        yield Cause.invalid("spec", "", problem)
    for key in ("minAvailable", "maxUnavailable"):
        if key in spec:
            yield from _count_or_percent(spec[key], f"spec.{key}")
    policy = spec.get("unhealthyPodEvictionPolicy", "AlwaysAllow")
    if policy not in ("AlwaysAllow", "IfHealthyBudget"):
        known = ["AlwaysAllow", "IfHealthyBudget"]
        yield Cause.unsupported("spec.unhealthyPodEvictionPolicy", policy, known)


def _autoscaler(spec: Json) -> Iterator[Cause]:
    if spec.get("maxReplicas", 0) < 1:
        yield Cause.invalid("spec.maxReplicas", spec.get("maxReplicas"), "must be greater than 0")
    elif spec["minReplicas"] > spec["maxReplicas"]:
        problem = "must be greater than or equal to `minReplicas`"
        yield Cause.invalid("spec.maxReplicas", spec["maxReplicas"], problem)
    if not (spec.get("scaleTargetRef") or {}).get("name"):
        yield Cause.required("spec.scaleTargetRef.name")


def _not_negative(spec: Json, *fields: str) -> Iterable[Cause]:
    return [
        Cause.invalid(f"spec.{field}", spec[field], NEGATIVE_RULE)
        for field in fields
        if spec.get(field, 0) < 0
    ]


def _count_or_percent(value: Any, field: str) -> Iterator[Cause]:
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            yield Cause.invalid(field, value, NEGATIVE_RULE)
    elif not (isinstance(value, str) and PERCENT.fullmatch(value)):
        yield Cause.invalid(field, value, "must be an integer or percentage (e.g '5%')")
