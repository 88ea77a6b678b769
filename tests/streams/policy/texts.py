"""A policy to change one thing in, and what is then wrong with it."""

import pytest

from streams.core.policy import Policy
from streams.policy.load import compile_policy
from streams.reading.faults import FileError
from tests.builders import QUICK

WHOLE = """\
version: 1
namespaces: [shop]
limits:
  preset: production-1
receivers: [ops, pages, shop]
time_intervals:
  - name: nights
    time_intervals: [{times: [{start_time: "22:00", end_time: "24:00"}]}]
  - name: sale
    time_intervals: [{months: [november]}]
route:
  receiver: ops
  group_by: [alertname, service]
  routes:
    - {matchers: ['severity="critical"'], receiver: pages, mute_time_intervals: [nights]}
inhibit_rules:
  - source_matchers: ['severity="critical"']
    target_matchers: ['severity="warning"']
    equal: [service]
severities:
  critical: {remediate: true, receivers: [pages]}
  warning: {remediate: true}
  info: {remediate: false}
services:
  - name: checkout
    match: ['deployment="checkout"']
    owner: team-shop
    criticality: tier-1
    depends_on: [payments]
    receivers: [shop]
    links: {dashboard: "https://grafana.example/d/checkout"}
  - {name: payments, match: ['deployment="payments"']}
enrichments:
  - {match: ['namespace="shop"'], labels: {region: eu-west-1}, links: {runbook: "https://wiki.example/shop"}}
sources:
  prometheus: {clusters: [eu-1], namespaces: [shop]}
correlation:
  key: [correlation_id]
  dependencies_within: 10m
  nodes: {match: ['alertname="KubeNodeNotReady"'], label: node}
  change_within: 30m
brakes:
  - {name: api, match: ['alertname="KubeAPIErrorBudgetBurn"']}
  - {name: everything, all: true, equal: [cluster]}
watchdogs:
  - {name: watchdog, match: ['alertname="Watchdog"'], missing_after: 5m}
freezes:
  - {name: sale, during: [sale], all: true}
  - {name: nights, during: [nights], match: ['criticality="tier-1"']}
never:
  - ['alertname=~"Database.*"']
playbooks:
  - name: errors
    match: ['alertname="HighErrors"']
    target: {kind: Deployment, namespace: "{namespace}", name: "{deployment}"}
    mode: approve
    trusted: one of us watches
    prefer_rollback: false
    steps:
      - action: scale
        parameters: {by: 1, max: 10}
        when: severity == 'critical' && count > 3
        dwell: 2m
        verify:
          first_check: 60s
          every: 10s
          hold: 60s
          deadline: 10m
          probes:
            - rollout
            - name: smoke
              http: {url: "http://{name}.{namespace}.svc/health", status: 200, timeout: 3s}
            - {promql: {query: 'sum(rate(errors[1m]))', below: 0.5}}
        undo: true
        mode: dry-run
        approval: {when: "criticality == 'tier-1'", who: [ann, bob], persons: 2, expiry: 10m}
        cooldown: 1h
        attempts: 1
        repeat: {times: 3, pause: 30s}
      - action: restart
        dwell: 0s
        verify: {first_check: 60s, every: 10s, hold: 60s, deadline: 10m, probes: [rollout]}
        approval: always
      - action: escalate
"""
"""Every key that there is."""


def faults(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        compile_policy(text, "p.yaml")
    return [str(fault) for fault in caught.value.faults]


def changed(old: str, new: str, text: str = WHOLE) -> str:
    assert old in text, old
    return text.replace(old, new, 1)


def fault(old: str, new: str, text: str = WHOLE) -> str:
    """The one fault of the text so changed."""
    found = faults(changed(old, new, text))
    assert len(found) == 1, found
    return found[0]


def policy(old: str = "version: 1", new: str = "version: 1", text: str = WHOLE) -> Policy:
    return compile_policy(changed(old, new, text))


__all__ = ["QUICK", "WHOLE", "changed", "fault", "faults", "policy"]
