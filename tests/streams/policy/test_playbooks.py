"""Playbooks, their ladders and everything that a step can say."""

import subprocess
import sys

import pytest

from schemas.actions import ACTIONS
from schemas.kinds import ELSEWHERE
from schemas.kinds import KINDS as KNOWN
from schemas.probes import PROBES, PROBES_MAX
from streams.core.playbook import Approval, Mode, Probe
from streams.policy.load import compile_policy
from streams.policy.playbooks import KINDS
from streams.reading.faults import FileError
from tests.policies import ESCALATE, VERIFY, quick
from tests.streams.policy.texts import QUICK, WHOLE, changed, fault, faults, policy

PROBE = "            - rollout\n"
OF_A_DEPLOYMENT = '{kind: Deployment, namespace: "{namespace}", name: "{deployment}"}'
TARGETS = {
    kind: f'kind: {kind}, name: "{{x}}"' + (', namespace: "{namespace}"' if k.namespaced else "")
    for kind, k in KNOWN.items()
} | {kind: f'kind: {kind}, name: "{{x}}"' for kind in ELSEWHERE}
GIVEN = {
    "run_job": "{job: index}",
    "scale": "{by: 1, max: 3}",
    "raise_max": "{by: 1, max: 3}",
    "raise_memory": "{percent: 50, max: 2Gi}",
    "expand_volume": "{max: 1.5Ti}",
    "set_flag": '{flag: search, value: "off"}',
    "revert_commit": "{repository: shop}",
    "shift_traffic": "{by: 5, max: 50}",
    "switch_traffic": "{label: release, to: green}",
}
SCALED = "action: scale\n        parameters: {by: 1, max: 10}"


def test_a_step_that_says_everything() -> None:
    rung = policy().playbooks[0].rungs[0]
    assert rung.action == "scale"
    assert rung.parameters == {"by": "1", "max": "10"}
    assert rung.when
    assert rung.when.text == "severity == 'critical' && count > 3"
    assert (rung.dwell_ms, rung.undo, rung.mode) == (120_000, True, Mode.DRY_RUN)
    assert rung.approval.when
    assert (rung.approval.persons, rung.approval.who) == (2, {"ann", "bob"})
    assert (rung.approval.always, rung.approval.expiry_ms) == (False, 600_000)
    assert (rung.cooldown_ms, rung.attempts, rung.times, rung.pause_ms) == (
        3_600_000,
        1,
        3,
        30_000,
    )
    assert rung.verify.probes == (
        Probe("rollout", "rollout"),
        Probe(
            "http",
            "smoke",
            {
                "url": "http://{name}.{namespace}.svc/health",
                "status": "200",
                "timeout": "3000",
            },
        ),
        Probe("promql", "promql", {"query": "sum(rate(errors[1m]))", "below": "0.5"}),
    )


@pytest.mark.parametrize("value", ["on", "a" * 128, "!~ x"])
def test_a_value_of_the_degraded_mode(value: str) -> None:
    step = f'action: degrade\n        parameters: {{value: "{value}"}}'
    rung = compile_policy(changed(SCALED, step)).playbooks[0].rungs[0]
    assert (rung.action, rung.parameters, rung.undo) == ("degrade", {"value": value}, True)


def test_a_step_that_only_tells() -> None:
    telling = "action: notify\n        parameters: {text: It is slow.}\n        when: count > 1\n"
    steps = (
        f"      - {telling}        dwell: 1m\n      - action: notify\n        dwell: 0s\n{ESCALATE}"
    )
    first, second, _ = compile_policy(quick(steps=steps)).playbooks[0].rungs
    assert (first.only_tells, first.acts, first.parameters) == (
        True,
        False,
        {"text": "It is slow."},
    )
    assert (first.dwell_ms, first.when.text) == (60_000, "count > 1")
    assert second.parameters == {}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("      - {action: notify, dwell: 0s}\n", "the last step must be `action: escalate`"),
        ("      - {action: notify}\n" + ESCALATE, "needs 'dwell'"),
        ("      - {action: notify, dwell: 0s, undo: true}\n" + ESCALATE, "unknown key 'undo'"),
        (
            "      - {action: notify, dwell: 0s, parameters: {to: ann}}\n" + ESCALATE,
            "unknown key 'to' in what people are told",
        ),
    ],
)
def test_a_step_that_only_tells_says_no_more(steps: str, expected: str) -> None:
    with pytest.raises(FileError, match=expected):
        compile_policy(quick(steps=steps))


def test_what_a_step_need_not_say() -> None:
    restart, hand_over = policy().playbooks[0].rungs[1:]
    assert restart.approval == Approval(always=True)
    assert (restart.when, restart.mode, restart.cooldown_ms, restart.times) == (None, None, None, 1)
    assert hand_over.hands_over


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "- action: scale",
            "- action: reboot",
            "unknown: 'reboot'; known: abort_canary, cordon",
        ),
        ("      - action: escalate\n", "", "the last step must be `action: escalate`"),
        ("- action: escalate", "- action: escalate\n        dwell: 1m", "in the last step"),
        ("- action: escalate", "- action: escalate\n      - action: escalate", "can follow"),
        ("{by: 1, max: 10}", "{by: 1}", "the parameters of scale needs 'max'"),
        ("{by: 1, max: 10}", "{max: 10}", "scale needs exactly one of replicas and by and percent"),
        ("{by: 1, max: 10}", "{by: 1, replicas: 2, max: 10}", "exactly one of"),
        ("{by: 1, max: 10}", "{by: 1, max: 10, most: 1}", "unknown key 'most' in the parameters"),
        ("{by: 1, max: 10}", '{by: "1", max: 10}', "expected a whole number"),
        ("{by: 1, max: 10}", "{by: 1e3, max: 10}", "expected a whole number"),
        ("{by: 1, max: 10}", "{by: [1], max: 10}", "expected a whole number"),
        ("{by: 1, max: 10}", "{by: --1, max: 10}", "expected a whole number"),
        ("        parameters: {by: 1, max: 10}\n", "", "a step needs 'parameters'"),
        ("dwell: 0s", "dwell: 0s\n        parameters: {a: 1}", "unknown key 'a'"),
        *[
            (SCALED, f"action: degrade\n        parameters: {{value: {value}}}", expected)
            for value, expected in (
                ("true", "write 'true' in quotes"),
                ('""', "expected a line of at most 128 printable"),
                ('" true"', "expected a line of at most 128 printable"),
                ('"a\\nb"', "expected a line of at most 128 printable"),
                ('"é"', "expected a line of at most 128 printable"),
                ("a" * 129, "expected a line of at most 128 printable"),
            )
        ],
        (SCALED, "action: degrade\n        parameters: {variable: PATH}", "unknown key 'variable'"),
        ("when: severity == 'critical' && count > 3", "when: count >", "not a condition"),
        ("when: severity == 'critical' && count > 3", "when: count", "must be true or false"),
        ("mode: dry-run", "mode: sometimes", "unknown: 'sometimes'; known: approve, auto, dry-run"),
        ("mode: dry-run", 'mode: ""', "unknown: ''"),
        ("mode: dry-run", "mode: approve", "must be lower than the playbook's"),
        ("mode: dry-run", "mode: auto", "must be lower than the playbook's"),
        ("    mode: approve\n", "", "a playbook needs 'mode'"),
        ("trusted: one of us watches", 'trusted: ""', "expected some text"),
        ("approval: always", "approval: sometimes", "unknown: 'sometimes'; known: always, never"),
        ("persons: 2", "persons: 3", "3 of 2 cannot say yes"),
        ("persons: 2", "persons: 0", "expected a number from 1 to 5"),
        ("{when: \"criticality == 'tier-1'\"", "{always: true, when: \"count > 1\"", "leave out"),
        ("expiry: 10m", "expiry: 0s", "expected at least 1 ms"),
        ("cooldown: 1h", "cooldown: 25h", "at most 1d"),
        ("attempts: 1", "attempts: 0", "expected a number from 1 to 20"),
        ("{times: 3, pause: 30s}", "{times: 1, pause: 30s}", "expected a number from 2"),
        ("{times: 3, pause: 30s}", "{times: 3}", "repeat needs 'pause'"),
        ("deadline: 10m\n", "deadline: 2m\n", "must be later than first_check and hold"),
        ("every: 10s\n", "every: 10ms\n", "expected at least 100 ms"),
        (PROBE, PROBE + "            - smoke\n", "unknown: 'smoke'; known: "),
        (PROBE, PROBE + "            - rollout\n", "two probes are named 'rollout'"),
        (PROBE, PROBE + "            - {name: x}\n", "a probe is one of rollout, "),
        (PROBE, PROBE + "            - {http: {status: 200}}\n", "of http needs 'url'"),
        (PROBE, PROBE + "            - {http: {url: ftp://x}, name: x}\n", "begins with http://"),
        (PROBE, PROBE + "            - {http: {url: 'http://a b'}, name: x}\n", "begins with"),
        ("timeout: 3s", "timeout: 31s", "at most 30s"),
        ("below: 0.5", "below: 1e3", "expected a number"),
        ("below: 0.5", "below: .nan", "expected a number"),
        ("below: 0.5", "below: 1, above: 0", "exactly one of above and below"),
        ('namespace: "{namespace}"', 'namespace: "{namespace"', "one label as"),
        ('name: "{deployment}"', 'name: "web-{deployment}"', "one label as"),
        ('name: "{deployment}"', 'name: "*"', "one label as"),
        ("kind: Deployment", "kind: Secret", "unknown: 'Secret'"),
        ("alertname=\"HighErrors\"", "alertname == x", "expected a matcher"),
    ],
    ids=lambda value: value.strip()[:40],
)  # fmt: skip
def test_what_is_wrong_with_a_playbook(old: str, new: str, expected: str) -> None:
    assert expected in fault(old, new)


def test_off_is_a_word_where_it_is_one_of_the_words() -> None:
    assert policy("mode: dry-run", "mode: off").playbooks[0].rungs[0].mode is Mode.OFF


def test_a_step_has_not_more_probes_than_the_executor_takes() -> None:
    more = "".join(f"            - {{rollout: {{}}, name: r{n}}}\n" for n in range(PROBES_MAX))
    assert f"at most {PROBES_MAX} probes" in fault(PROBE, PROBE + more)


def test_two_playbooks_of_one_name() -> None:
    again = WHOLE[WHOLE.index("  - name: errors") :]
    assert "a second playbook named 'errors'" in fault("playbooks:\n", "playbooks:\n" + again)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("HighErrors", "HighError"),
        ('name: "{deployment}"', "name: web"),
        ("prefer_rollback: false", "prefer_rollback: true"),
        ("by: 1", "by: 2"),
        ("count > 3", "count > 4"),
        ("dwell: 2m", "dwell: 3m"),
        ("first_check: 60s", "first_check: 61s"),
        ("every: 10s", "every: 11s"),
        ("hold: 60s", "hold: 61s"),
        ("deadline: 10m", "deadline: 11m"),
        ("name: smoke", "name: smokes"),
        ("status: 200", "status: 201"),
        ("undo: true", "undo: false"),
        ("mode: dry-run", "mode: shadow"),
        ("approval: always", "approval: never"),
        ("'tier-1'\", who", "'tier-2'\", who"),
        ("who: [ann, bob]", "who: [ann, eve]"),
        ("persons: 2", "persons: 1"),
        ("expiry: 10m", "expiry: 11m"),
        ("cooldown: 1h", "cooldown: 2h"),
        ("attempts: 1", "attempts: 2"),
        ("times: 3", "times: 4"),
        ("pause: 30s", "pause: 31s"),
    ],
)
def test_the_ladders_digest_covers_all_that_it_says(old: str, new: str) -> None:
    start = WHOLE.index("playbooks:")
    head, ladder = WHOLE[:start], WHOLE[start:]
    other = compile_policy(head + changed(old, new, ladder))
    assert other.playbooks[0].digest != policy().playbooks[0].digest


@pytest.mark.parametrize(
    ("old", "new"),
    [("mode: approve", "mode: auto"), ("trusted: one of us", "trusted: two of us")],
)
def test_how_far_a_ladder_may_go_is_no_part_of_its_digest(old: str, new: str) -> None:
    """What it has shown in one mode is its evidence for the next."""
    start = WHOLE.index("playbooks:")
    other = compile_policy(WHOLE[:start] + changed(old, new, WHOLE[start:]))
    assert other.playbooks[0].digest == policy().playbooks[0].digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("preset: production-1", "preset: production-1\n  burst: 4"),
        ("- name: errors", "- name: mistakes"),
        ("who: [ann, bob]", "who: [bob, ann]"),
        ("{by: 1, max: 10}", "{max: 10, by: 1}"),
        ("approval: always", "approval: {always: true}"),
        ("dwell: 2m", "dwell: 120s"),
    ],
)
def test_the_ladders_digest_covers_nothing_else(old: str, new: str) -> None:
    other = policy(old, new)
    assert other.digest != policy().digest
    assert other.playbooks[0].digest == policy().playbooks[0].digest


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ('kind: Node, name: "{node}", namespace: "{namespace}"', "a Node is in no namespace"),
        ('kind: Deployment, name: "{deployment}"', "a Deployment needs a `namespace`"),
        ('kind: Node, name: "{node}"', "restart cannot change a Node"),
        ('kind: Secret, name: x, namespace: "{namespace}"', "unknown: 'Secret'"),
    ],
)
def test_a_target_fits_its_kind_and_the_steps_fit_the_target(target: str, expected: str) -> None:
    with pytest.raises(FileError, match=expected):
        compile_policy(QUICK.replace(OF_A_DEPLOYMENT, "{" + target + "}"))


def test_what_does_a_part_each_time_has_to_be_repeated() -> None:
    target = '{kind: Node, name: "{node}"}'
    drains = QUICK.replace(OF_A_DEPLOYMENT, target).replace("action: restart", "action: drain")
    with pytest.raises(FileError, match="it needs `repeat`"):
        compile_policy(drains)


def test_the_digests_are_the_same_in_every_process() -> None:
    code = (
        "from tests.streams.policy.texts import policy; p = policy();"
        "print(p.digest, p.playbooks[0].digest)"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_every_action_and_probe_can_be_named() -> None:
    for action, row in ACTIONS.items():
        given = GIVEN.get(action)
        needed = row.one_of or any(p.required for p in row.parameters.values())
        assert given or not needed
        line = f"\n        parameters: {given}" if given else ""
        line += "\n        repeat: {times: 9, pause: 1s}" if row.by_portions else ""
        steps = f"      - action: {action}{line}\n        dwell: 0s\n        {VERIFY}\n{ESCALATE}"
        for kind in row.kinds:
            target = "{" + TARGETS[kind] + "}"
            compile_policy(quick(steps=steps).replace(OF_A_DEPLOYMENT, target))
    for kind in PROBES:
        given = {
            "http": "{url: http://x}",
            "promql": "{query: up, above: 0}",
            "metric": "{url: http://x, metric: up, labels: {a: b}, above: 0}",
        }.get(kind, "{}")
        compile_policy(changed("[rollout]", f"[{{{kind}: {given}}}]", QUICK))


def test_the_kinds_of_target_are_those_of_the_executor() -> None:
    assert set(KINDS) >= {"Deployment", "Node"}
    assert set(KINDS) <= set(KNOWN) | ELSEWHERE


@pytest.mark.parametrize("most", ["-1Gi", "1GB", "lots", "''", "1 Gi"])
def test_what_is_no_quantity(most: str) -> None:
    steps = (
        f"      - action: raise_memory\n        parameters: {{max: {most}}}\n        dwell: 0s\n"
    )
    found = faults(quick(steps=f"{steps}        {VERIFY}\n{ESCALATE}"))
    assert ["expected a quantity, such as 2Gi" in each for each in found] == [True]
