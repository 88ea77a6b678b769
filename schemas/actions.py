"""The actions a playbook may name, with their parameters: agreed on by both sides.

The executor's own catalogue holds a row for each of these; tests compare them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas import kinds
from schemas.kinds import (
    AUTOSCALER,
    CONFIG_MAP,
    DEPLOYMENT,
    FLAG,
    INGRESS,
    JOB,
    NODE,
    POD,
    SERVICE,
    STATEFUL_SET,
    VOLUME_CLAIM,
    WORKLOADS,
)
from schemas.parameters import Parameter, ParameterType


@dataclass(frozen=True, slots=True)
class Action:
    purpose: str
    parameters: Mapping[str, Parameter]
    kinds: frozenset[str] = frozenset({DEPLOYMENT})
    """Of the targets that it can change."""
    undoable: bool = False
    one_of: tuple[str, ...] = ()
    """Parameters of which exactly one must be given."""
    disruptive: bool = False
    """It takes pods away while it goes on, as many as the rollout strategy allows."""
    through_owner: bool = False
    """It changes what its target's owner goes by, and so is for targets that have one."""
    beside_git: bool = False
    """It changes nothing that a repository holds, so Argo CD and Flux do not take it back."""
    cuts_in: bool = False
    """It may be taken while somebody's rollout is under way."""
    destructive: bool = False
    """It cannot be undone by anything: two people must want it."""
    by_portions: bool = False
    """Each command does one part of it; when nothing is left to do, all of it is done."""
    prepares: bool = False
    """Its own probes say whether it has worked; the alerts are for the step after it."""
    sent_once: frozenset[str] = frozenset()
    """Kinds of targets on which no trace tells whether it has happened: there it is sent once, and
    in doubt it ends UNKNOWN, with a human."""


FROM_GIT = ("ArgoCD/", "Flux/")
"""How an observation's owner begins, where that restores the target from a repository."""


RESTART = "restart"
SCALE = "scale"
DEGRADE = "degrade"
ROLL_BACK = "roll_back"
CORDON = "cordon"
UNCORDON = "uncordon"
DELETE_POD = "delete_pod"
EVICT_POD = "evict_pod"
DRAIN = "drain"
RERUN_JOB = "rerun_job"
RUN_JOB = "run_job"
REPLACE_NODE = "replace_node"
SET_FLAG = "set_flag"
RAISE_MAX = "raise_max"
PAUSE_ROLLOUT = "pause_rollout"
RESUME_ROLLOUT = "resume_rollout"
SHIFT_TRAFFIC = "shift_traffic"
SWITCH_TRAFFIC = "switch_traffic"
RAISE_MEMORY = "raise_memory"
EXPAND_VOLUME = "expand_volume"
REVERT_COMMIT = "revert_commit"
ABORT_CANARY = "abort_canary"
ESCALATE = "escalate"
"""Not sent to the executor: hand the incident to a human. The last rung of every ladder."""
NOTIFY = "notify"
"""Not sent to the executor either: tell people, and go on to the next rung."""

ACTIONS: Mapping[str, Action] = {
    RESTART: Action(
        "replace every pod, as fast as the rollout strategy allows",
        {},
        kinds=WORKLOADS,
        disruptive=True,
    ),
    SCALE: Action(
        "change the number of replicas",
        {
            "replicas": Parameter(ParameterType.INT, "the number wanted"),
            "by": Parameter(ParameterType.INT, "how many more (or, negative, fewer)"),
            "percent": Parameter(ParameterType.INT, "by so much of those that it has"),
            "max": Parameter(ParameterType.INT, "never more than this", required=True),
            "min": Parameter(ParameterType.INT, "never fewer than this, 1 unless given"),
        },
        kinds=frozenset({DEPLOYMENT, STATEFUL_SET}),
        undoable=True,
        one_of=("replicas", "by", "percent"),
    ),
    DEGRADE: Action(
        "switch to the degraded mode, by the environment variable that the executor is set to",
        {"value": Parameter(ParameterType.LINE, "of the variable, `true` unless given")},
        undoable=True,
        disruptive=True,
    ),
    ROLL_BACK: Action("return to the revision before this one", {}, disruptive=True, cuts_in=True),
    REVERT_COMMIT: Action(
        "put a path of a repository back to before its last change, where Argo CD or Flux reads it",
        {
            "repository": Parameter(
                ParameterType.LINE, "its name in the executor's file", required=True
            ),
            "hours": Parameter(ParameterType.INT, "no older change than this, 24 unless given"),
        },
        kinds=WORKLOADS,
        disruptive=True,
        through_owner=True,
        cuts_in=True,
    ),
    RAISE_MAX: Action(
        "let an autoscaler go further",
        {
            "max_replicas": Parameter(ParameterType.INT, "its new maximum"),
            "by": Parameter(ParameterType.INT, "so many more than its maximum is"),
            "max": Parameter(ParameterType.INT, "never more than this", required=True),
        },
        kinds=frozenset({AUTOSCALER}),
        undoable=True,
        one_of=("max_replicas", "by"),
    ),
    RAISE_MEMORY: Action(
        "raise the memory limit of a container",
        {
            "container": Parameter(ParameterType.LINE, "its name, the first unless given"),
            "percent": Parameter(ParameterType.INT, "by so much, 25 unless given, at most 100"),
            "max": Parameter(ParameterType.QUANTITY, "never more than this", required=True),
        },
        kinds=WORKLOADS,
        undoable=True,
        disruptive=True,
    ),
    EXPAND_VOLUME: Action(
        "let a claim have a larger volume",
        {
            "percent": Parameter(ParameterType.INT, "by so much, 25 unless given, at most 100"),
            "max": Parameter(ParameterType.QUANTITY, "never more than this", required=True),
        },
        kinds=frozenset({VOLUME_CLAIM}),
        destructive=True,
    ),
    PAUSE_ROLLOUT: Action(
        "keep a release that is under way from going further", {}, undoable=True, cuts_in=True
    ),
    RESUME_ROLLOUT: Action(
        "let a release go on that this has paused", {}, disruptive=True, cuts_in=True
    ),
    CORDON: Action("let no new pods onto a node", {}, kinds=frozenset({NODE}), undoable=True),
    SET_FLAG: Action(
        "give a feature flag another of its values, as the executor's file of flags has them",
        {
            "flag": Parameter(ParameterType.LINE, "its name in that file", required=True),
            "value": Parameter(ParameterType.LINE, "one of its values there", required=True),
        },
        kinds=frozenset({CONFIG_MAP, FLAG}),
        undoable=True,
        sent_once=frozenset({FLAG}),
    ),
    SHIFT_TRAFFIC: Action(
        "send more or less traffic to a canary, by the weight on its Ingress",
        {
            "to": Parameter(ParameterType.INT, "the percentage wanted"),
            "by": Parameter(ParameterType.INT, "how many percent more (or, negative, fewer)"),
            "max": Parameter(ParameterType.INT, "never more than this", required=True),
        },
        kinds=frozenset({INGRESS}),
        undoable=True,
        one_of=("to", "by"),
    ),
    ABORT_CANARY: Action(
        "abort the canary of an Argo Rollout, so that all traffic goes to its stable release",
        {},
        kinds=frozenset({kinds.ROLLOUT}),
        disruptive=True,
        beside_git=True,
        cuts_in=True,
        sent_once=frozenset({kinds.ROLLOUT}),
    ),
    SWITCH_TRAFFIC: Action(
        "send all traffic of a Service to another release, which runs already",
        {
            "label": Parameter(ParameterType.LINE, "which tells releases apart", required=True),
            "to": Parameter(ParameterType.LINE, "its value, of the other release", required=True),
            "min": Parameter(ParameterType.INT, "so many ready pods of it, 1 unless given"),
        },
        kinds=frozenset({SERVICE}),
        undoable=True,
    ),
    UNCORDON: Action("let pods onto a node again", {}, kinds=frozenset({NODE})),
    DELETE_POD: Action(
        "delete a pod that somebody keeps, whatever its disruption budget says",
        {"grace": Parameter(ParameterType.INT, "seconds to end in, the pod's own unless given")},
        kinds=frozenset({POD}),
        disruptive=True,
    ),
    EVICT_POD: Action(
        "take away a pod that somebody keeps, where its disruption budget allows it",
        {},
        kinds=frozenset({POD}),
        disruptive=True,
    ),
    DRAIN: Action(
        "cordon a node, then evict its pods, one each time",
        {
            "local_data": Parameter(
                ParameterType.LINE, "`delete`: also pods that keep data in an emptyDir"
            )
        },
        kinds=frozenset({NODE}),
        undoable=True,
        disruptive=True,
        by_portions=True,
        prepares=True,
    ),
    REPLACE_NODE: Action(
        "end the machine of a drained node, so that its provider makes another",
        {},
        kinds=frozenset({NODE}),
        disruptive=True,
        destructive=True,
    ),
    RERUN_JOB: Action(
        "run a failed Job again, once, as a copy of it", {}, kinds=frozenset({JOB}), prepares=True
    ),
    RUN_JOB: Action(
        "run a Job that the executor has a template of, in the target's namespace",
        {"job": Parameter(ParameterType.LINE, "the template's name", required=True)},
        kinds=WORKLOADS,
    ),
}
