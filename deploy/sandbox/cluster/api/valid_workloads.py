"""What makes the kinds that run pods invalid."""

from collections.abc import Iterator

from deploy.sandbox.cluster.api import selectors
from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.api.valid_pods import pod_spec
from deploy.sandbox.cluster.api.valid_values import (
    IMMUTABLE_RULE,
    bad_labels,
    bad_selector,
    count_or_percent,
    not_negative,
)
from deploy.sandbox.cluster.objects import Json

STATEFUL_SET_FIELDS_THAT_MAY_CHANGE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
JOB_FIELDS_THAT_STAY = ("completions", "selector", "template", "completionMode")
MISMATCH = "`selector` does not match template `labels`"


def deployment(obj: Json, old: Json | None) -> Iterator[Cause]:
    yield from replica_set(obj, old)
    yield from _strategy(obj["spec"])


def replica_set(obj: Json, old: Json | None) -> Iterator[Cause]:
    yield from _workload(obj)
    if old is not None and obj["spec"].get("selector") != old["spec"]["selector"]:
        yield Cause.invalid("spec.selector", obj["spec"].get("selector"), IMMUTABLE_RULE)


def daemon_set(obj: Json, old: Json | None) -> Iterator[Cause]:
    yield from replica_set(obj, old)
    kind, known = obj["spec"]["updateStrategy"]["type"], ["RollingUpdate", "OnDelete"]
    if kind not in known:
        yield Cause.unsupported("spec.updateStrategy", kind, known)


def stateful_set(obj: Json, old: Json | None) -> Iterator[Cause]:
    spec = obj["spec"]
    if spec["podManagementPolicy"] not in ("OrderedReady", "Parallel"):
        problem = "must be 'OrderedReady' or 'Parallel'"
        yield Cause.invalid("spec.podManagementPolicy", spec["podManagementPolicy"], problem)
    strategy = spec["updateStrategy"]
    if strategy["type"] not in ("RollingUpdate", "OnDelete"):
        shown = {"Type": strategy["type"], "RollingUpdate": strategy.get("rollingUpdate")}
        yield Cause.invalid("spec.updateStrategy", shown, "must be 'RollingUpdate' or 'OnDelete'")
    yield from _workload(obj)
    if old is not None and _fixed(spec) != _fixed(old["spec"]):
        *first, last = (f"'{field}'" for field in STATEFUL_SET_FIELDS_THAT_MAY_CHANGE)
        listed = f"{', '.join(first)} and {last}"
        problem = f"updates to statefulset spec for fields other than {listed} are forbidden"
        yield Cause.forbidden("spec", problem)


def job(obj: Json, old: Json | None) -> Iterator[Cause]:
    spec = obj["spec"]
    yield from not_negative(
        spec,
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
    )
    if old is None:
        yield from _job_template(spec["template"], "spec.template")
        own = spec.get("selector", {}).get("matchLabels") or {}
        if not spec["manualSelector"] and len(own) > 1:
            yield Cause.invalid("spec.selector", spec["selector"], "`selector` not auto-generated")
        return
    for field in JOB_FIELDS_THAT_STAY:
        if spec.get(field) != old["spec"].get(field):
            yield Cause.invalid(f"spec.{field}", spec.get(field), IMMUTABLE_RULE)


def cron_job(obj: Json, _: Json | None) -> Iterator[Cause]:
    spec = obj["spec"]
    schedule = spec.get("schedule", "")
    fields = schedule.split()
    if not schedule:
        yield Cause.required("spec.schedule")
    elif len(fields) != 5 and not schedule.startswith("@"):
        problem = f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
        yield Cause.invalid("spec.schedule", schedule, problem)
    known = ["Allow", "Forbid", "Replace"]
    if spec["concurrencyPolicy"] not in known:
        yield Cause.unsupported("spec.concurrencyPolicy", spec["concurrencyPolicy"], known)
    template = spec["jobTemplate"]["spec"].get("template") or {}
    yield from _job_template(template, "spec.jobTemplate.spec.template")


def _job_template(template: Json, field: str) -> Iterator[Cause]:
    spec = template.get("spec")
    if spec is None:
        yield Cause.required(f"{field}.spec.containers")
    else:
        yield from pod_spec(spec, f"{field}.spec")
    if spec is None or spec["restartPolicy"] == "Always":
        hint = 'valid values: "OnFailure", "Never"'
        yield Cause.required(f"{field}.spec.restartPolicy", hint)


def _workload(obj: Json) -> Iterator[Cause]:
    spec = obj["spec"]
    yield from not_negative(
        spec, "replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"
    )
    selector, template = spec.get("selector"), spec.get("template")
    wrong = list(bad_selector(selector or {}, "spec.selector"))
    yield from wrong
    if selector is None:
        yield Cause.required("spec.selector")
    elif wrong:
        yield Cause.invalid("spec.selector", selector, "invalid label selector")
    elif selectors.is_empty(selector):
        problem = f"empty selector is invalid for {obj['kind'].lower()}"
        yield Cause.invalid("spec.selector", selector, problem)
    if template is None or "spec" not in template:
        yield Cause.required("spec.template.spec")
        return
    template_labels = template["metadata"].get("labels") or {}
    unclear = selector is not None and (wrong or selectors.is_empty(selector))
    if not unclear and not selectors.selects(selector, template_labels):
        yield Cause.invalid("spec.template.metadata.labels", template_labels, MISMATCH)
    yield from bad_labels(template_labels, "spec.template.metadata.labels")
    if template["spec"]["restartPolicy"] != "Always":
        policy = template["spec"]["restartPolicy"]
        yield Cause.unsupported("spec.template.spec.restartPolicy", policy, ["Always"])
    yield from pod_spec(template["spec"], "spec.template.spec")


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
        yield from count_or_percent(rolling.get(key), f"{field}.rollingUpdate.{key}")
    if all(rolling.get(key) in (0, "0%") for key in ("maxSurge", "maxUnavailable")):
        problem = "may not be 0 when `maxSurge` is 0"
        yield Cause.invalid(f"{field}.rollingUpdate.maxUnavailable", 0, problem)


def _fixed(spec: Json) -> Json:
    may_change = STATEFUL_SET_FIELDS_THAT_MAY_CHANGE
    return {key: part for key, part in spec.items() if key not in may_change}
