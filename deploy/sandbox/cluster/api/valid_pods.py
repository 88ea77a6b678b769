"""What makes a pod, or a template of pods, invalid."""

from collections.abc import Iterator

from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.api.valid_values import NEGATIVE_RULE
from deploy.sandbox.cluster.objects import Json

FIELDS_THAT_MAY_CHANGE = frozenset(
    {"activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations"}
)


def pod(obj: Json, old: Json | None) -> Iterator[Cause]:
    return pod_spec(obj["spec"], "spec") if old is None else pod_change(obj, old)


def pod_spec(spec: Json, field: str) -> Iterator[Cause]:
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


def pod_change(new: Json, old: Json) -> Iterator[Cause]:
    if _fixed(new["spec"]) != _fixed(old["spec"]):
        allowed = "`spec.containers[*].image`, " + ", ".join(
            f"`spec.{field}`" for field in sorted(FIELDS_THAT_MAY_CHANGE)
        )
        yield Cause.forbidden("spec", f"pod updates may not change fields other than {allowed}")


def _fixed(spec: Json) -> Json:
    fixed = {key: part for key, part in spec.items() if key not in FIELDS_THAT_MAY_CHANGE}
    fixed["containers"] = [{**container, "image": ""} for container in spec["containers"]]
    return fixed
