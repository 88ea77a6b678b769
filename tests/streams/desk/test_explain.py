"""What is said of a policy is what the core does with it."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.alerts import Sighting
from schemas.ids import fingerprint
from schemas.incidents import Incident
from schemas.notices import Notice
from streams.core import routing
from streams.core.policy import Policy
from streams.desk.alerts import read_alerts
from streams.desk.explain import Explained, explain
from streams.policy.load import compile_policy
from tests.builders import START_MS, World, alert, ms
from tests.policies import CATALOGUE, ESCALATE, quick, step
from tests.streams.policy.test_routing_page import EXAMPLE, FIRST

ROUTED = compile_policy(FIRST + EXAMPLE)
LABELS = st.dictionaries(
    st.sampled_from(["alertname", "team", "severity", "instance", "cluster", "node"]),
    st.sampled_from(["db", "storage", "critical", "warning", "NodeDown", "PodX", "x"]),
    min_size=1,
)


def of(policy: Policy, *active: dict[str, str], at: str = "0s", **labels: str) -> Explained:
    return explain(policy, sighting(labels), START_MS + ms(at), map(sighting, active))


def sighting(labels: dict[str, str]) -> Sighting:
    return replace(alert(), fingerprint=fingerprint(labels), labels=labels)


def quickly(*more: str, **given: Any) -> Policy:
    return compile_policy(quick(*more, **given))


FIRES = {
    "alertname": "HighErrors",
    "namespace": "shop",
    "deployment": "checkout",
    "severity": "critical",
}


@given(LABELS)
def test_routes_are_those_of_the_core(labels: dict[str, str]) -> None:
    routes = routing.routes_for(ROUTED.route, labels)
    told = of(ROUTED, **labels).routes
    assert [(r.receiver, r.path) for r in told] == [(r.receiver, r.path) for r in routes]
    assert [r.group_labels for r in told] == [routing.group_labels(r, labels) for r in routes]


@given(LABELS)
def test_an_alert_never_inhibits_itself(labels: dict[str, str]) -> None:
    assert of(ROUTED, labels, **labels).inhibited_by == ()


@pytest.mark.parametrize(
    ("moment", "muted_by", "receivers"),
    [
        ("2026-01-02T05:59:00+01:00", ("nights",), ()),
        ("2026-01-02T06:00:00+01:00", (), ("db",)),
    ],
)
def test_muted_by_the_interval_that_holds(
    moment: str, muted_by: tuple[str, ...], receivers: tuple[str, ...]
) -> None:
    at_ms = round(datetime.fromisoformat(moment).timestamp() * 1000)
    told = explain(ROUTED, sighting({"team": "db"}), at_ms)
    assert (told.muted_by, told.receivers) == (muted_by, receivers)
    assert told.suppressed == ("muted_time" if muted_by else "")


def test_active_intervals_of_which_none_holds_mute() -> None:
    policy = compile_policy(
        FIRST
        + EXAMPLE.replace("mute_time_intervals: [nights]", "active_time_intervals: [month-end]")
    )
    (route,) = of(policy, team="db").routes
    assert route.muted_by == ("month-end",)


def test_inhibited_by_the_rule_and_the_alert_that_fires() -> None:
    source = {"alertname": "NodeDown", "node": "n1"}
    other = {"alertname": "NodeDown", "node": "n2"}
    told = of(ROUTED, other, source, alertname="PodX", node="n1")
    assert [(i.rule, i.source) for i in told.inhibited_by] == [("rule 1", source)]
    assert told.suppressed == "inhibited"
    assert of(ROUTED, other, alertname="PodX", node="n1").suppressed == ""


def test_an_alert_of_another_cluster_inhibits_nothing() -> None:
    source = {"alertname": "NodeDown", "node": "n1", "cluster": "us-1"}
    assert not of(ROUTED, source, alertname="PodX", node="n1", cluster="eu-1").inhibited_by


def test_the_playbook_and_why_not_the_others() -> None:
    more = """
  - name: later
    match: ['alertname=~"High.*"']
    target: {kind: Deployment, namespace: shop, name: x}
    mode: auto
    steps:
      - action: escalate
  - name: other
    match: ['alertname="HighErrors"', 'tier="1"', 'severity="warning"']
    target: {kind: Deployment, namespace: shop, name: x}
    mode: auto
    steps:
      - action: escalate
"""
    told = of(compile_policy(quick() + more.lstrip("\n")), **FIRES)
    assert (told.playbook, told.mode) == ("errors", "auto")
    assert [(n.name, n.why) for n in told.not_taken] == [
        ("later", "it matches, too; 'errors' comes before it"),
        ("other", "tier=\"1\" does not hold: there is no 'tier'"),
    ]
    none = of(quickly(), **{**FIRES, "alertname": "Calm"})
    assert (none.playbook, none.mode, none.steps, none.for_people) == (
        None,
        None,
        (),
        "no_playbook",
    )
    assert none.not_taken[0].why == "alertname=\"HighErrors\" does not hold: it is 'Calm'"


@pytest.mark.parametrize(
    ("section", "labels", "reason", "detail"),
    [
        ("", {}, "mode_of_policy", ""),
        ("", {"namespace": "pay"}, "namespace_not_allowed", "pay"),
        ("", {"deployment": ""}, "no_target", "there is no 'deployment'"),
        ("severities: {critical: {remediate: false}}", {}, "severity_only_told", "critical"),
        ("never: [['severity=\"critical\"']]", {}, "never_automated", ""),
    ],
)
def test_why_a_step_is_not_taken(
    section: str, labels: dict[str, str], reason: str, detail: str
) -> None:
    given = {name: value for name, value in {**FIRES, **labels}.items() if value}
    first = of(quickly(section), **given).steps[0]
    assert (first.action, first.reason, first.detail) == ("restart", reason, detail)


def test_a_brake_that_fires_beside_it() -> None:
    policy = quickly("brakes: [{name: migration, match: ['alertname=\"Migrating\"']}]")
    assert of(policy, {"alertname": "Migrating"}, **FIRES).steps[0].reason == "braked"
    assert of(policy, **FIRES).steps[0].reason == "mode_of_policy"


def test_modes_conditions_and_whom_it_asks() -> None:
    steps = (
        step("restart", "mode: shadow")
        + step("restart", "approval: always", "when: 'severity == \"warning\"'")
        + step("restart", "approval: {when: count > 5}", "when: measured['ratio'] > 0.5")
        + ESCALATE
    )
    told = of(quickly(steps=steps), **FIRES).steps
    assert [(s.action, s.mode, s.approval, s.when_holds) for s in told] == [
        ("restart", "shadow", "never", None),
        ("restart", "auto", "always", False),
        ("restart", "auto", "when count > 5", None),
        ("escalate", "auto", "never", None),
    ]


def test_what_is_not_trusted_asks() -> None:
    policy = compile_policy(quick().replace("    trusted: the tests' own\n", ""))
    first = of(policy, **FIRES).steps[0]
    assert (first.mode, first.approval, first.reason) == ("approve", "always", "not_yet_proven")


def test_service_and_enrichment() -> None:
    enriched = "enrichments: [{match: ['namespace=\"shop\"'], labels: {team: web}}]"
    told = of(quickly(CATALOGUE, enriched), **FIRES)
    assert (told.service, told.added) == ("checkout", {"team": "web", "service": "checkout"})


@pytest.mark.parametrize("severity", ["critical", "warning", "none"])
@pytest.mark.parametrize("deployment", ["checkout", "cart", ""])
def test_a_world_in_which_nothing_else_has_happened_agrees(severity: str, deployment: str) -> None:
    text = quick(
        CATALOGUE,
        "severities: {critical: {remediate: true}, warning: {remediate: false}}",
    )
    world = World(policy=text)
    world.fires(severity=severity, deployment=deployment)
    incident = world.given(Incident)[-1]
    labels = {k: v for k, v in incident.labels.items() if k != "service"}
    told = of(compile_policy(text), **labels)
    assert (incident.service, incident.playbook) == (told.service, told.playbook)
    assert incident.labels == told.labels
    if incident.state == "looking":
        assert told.steps[0].reason == "mode_of_policy"
    else:
        assert incident.reason == told.steps[0].reason
        assert world.only(Notice).receivers == told.receivers


def test_alerts_as_the_api_has_them_or_just_labels() -> None:
    api = b'[{"labels": {"alertname": "X", "empty": ""}, "startsAt": "2026-01-01T00:00:00Z"}]'
    assert read_alerts(api, "f", START_MS).alerts[0].labels == {"alertname": "X"}
    one = read_alerts(b'{"alertname": "X"}', "f", START_MS)
    assert one.is_one
    assert one.alerts[0].labels == {"alertname": "X"}
