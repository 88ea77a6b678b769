"""The policies of simulated worlds: everything is on, and everything is quick."""

from tests.policies import CATALOGUE, CORRELATED, ESCALATE, quick, step

FAST = "verify: {first_check: 2s, every: 2s, hold: 4s, deadline: 12s, probes: [rollout]}"
INHIBITED = """
inhibit_rules:
  - source_matchers: ['alertname="NodeDown"']
    target_matchers: ['severity="warning"']
severities: {critical: {remediate: true}, warning: {remediate: true}, info: {remediate: false}}
"""
APART = """
services:
  - {name: cart, match: ['deployment="cart"']}
  - {name: checkout, match: ['deployment="checkout"']}
  - {name: db, match: ['deployment="db"']}
  - {name: web, match: ['deployment="web"']}
"""
ONE_SERVICE = """
services:
  - {name: shop, match: ['deployment=~"cart|checkout|db|web"']}
"""
LIMITS = {
    "actions_per_minute": "3",
    "actions_per_hour": "8",
    "burst": "2",
    "concurrent": "2",
    "attempts_per_incident": "3",
    "cooldown": "15s",
    "service_cooldown": "5s",
    "command_ttl": "10s",
    "patience": "20s",
    "close_after": "20s",
    "storm_incidents": "8",
    "storm_window": "20s",
    "storm_cooldown": "20s",
    "storm_share_percent": "100",
    "breaker_straight": "4",
    "breaker_open": "20s",
    "flap_transitions": "6",
    "flap_window": "2m",
}
TEAMS = "group_by: [alertname, deployment, team]"

SOON = "approval: {expiry: 30s}"
ASKED = "approval: {always: true, expiry: 30s}"
SCALE = step("scale", "parameters: {by: 1, max: 9}", "undo: true", "lasts: 20s", SOON, verify=FAST)
RESTART = step("restart", SOON, verify=FAST)


def _policy(*sections: str, steps: str, **limits: str) -> str:
    return quick(INHIBITED, *sections, steps=steps + ESCALATE, **{**LIMITS, **limits})


def _by_team(policy: str) -> str:
    return policy.replace("group_by: [alertname, deployment]", TEAMS)


POLICIES = (
    _policy(
        CATALOGUE,
        CORRELATED,
        steps=step("restart", "repeat: {times: 2, pause: 1s}", SOON, verify=FAST)
        + SCALE
        + step("roll_back", ASKED, verify=FAST),
        attempts_per_incident="2",
    ),
    _by_team(
        _policy(
            APART,
            steps=SCALE + RESTART,
            cooldown="1ms",
            service_cooldown="1ms",
            concurrent_per_service="2",
            command_ttl="25s",
        )
    ),
    _by_team(
        _policy(
            APART,
            steps=step("restart", ASKED, verify=FAST) + SCALE,
            attempts_per_incident="1",
        )
    ),
    _by_team(_policy(APART, steps=RESTART, cooldown="1ms", concurrent="1")),
    _by_team(_policy(ONE_SERVICE, steps=RESTART + SCALE, cooldown="1ms")),
)

GONE = FAST.replace("rollout", "gone")
DRAINED = FAST.replace("rollout", "drained")
RAN = FAST.replace("rollout", "job_succeeded")
STABLE = FAST.replace("rollout", "stable")
HAS_ROOM = FAST.replace("rollout", "has_room")
READY = FAST.replace("rollout", "ready")
FOR_A_TIME = ("undo: true", "lasts: 20s", SOON)
FIRST = step("run_job", "parameters: {job: index}", SOON, verify=RAN) + RESTART
LADDERS = {
    "Pod": step("evict_pod", SOON, verify=GONE) + step("delete_pod", SOON, verify=GONE),
    "Node": step("drain", "repeat: {times: 4, pause: 1s}", SOON, verify=DRAINED)
    + step("replace_node", SOON, verify=READY),
    "Job": step("rerun_job", SOON, verify=RAN),
    "HorizontalPodAutoscaler": step(
        "raise_max", "parameters: {by: 2, max: 9}", *FOR_A_TIME, verify=HAS_ROOM
    ),
    "Rollout": step("abort_canary", SOON, verify=STABLE),
    "Flag": step("set_flag", 'parameters: {flag: cart, value: "off"}', *FOR_A_TIME, verify=FAST),
}
IN_NO_NAMESPACE = ("Node", "Flag")


def _playbook(kind: str, steps: str) -> str:
    place = "" if kind in IN_NO_NAMESPACE else 'namespace: "{namespace}", '
    return f"""\
  - name: {kind.lower()}
    match: ['alertname="HighErrors"', 'kind="{kind}"']
    target: {{kind: {kind}, {place}name: "{{deployment}}"}}
    mode: auto
    trusted: the tests' own
    steps:
{steps}{ESCALATE}"""


def _every_verb() -> str:
    """One playbook for each kind of target."""
    others = "".join(_playbook(kind, steps) for kind, steps in LADDERS.items())
    sections = (INHIBITED, APART, "cluster_kinds: [Node, Flag]")
    limits = {**LIMITS, "cooldown": "1ms", "service_cooldown": "1ms", "concurrent": "4"}
    policy = quick(*sections, steps=FIRST + ESCALATE + others, **limits)
    mine = 'alertname="HighErrors"\''
    policy = policy.replace(f"match: ['{mine}]", f"match: ['{mine}, 'kind=\"Deployment\"']")
    return _by_team(policy).replace("group_by: [alertname,", "group_by: [alertname, kind,")


EVERY_VERB = _every_verb()
