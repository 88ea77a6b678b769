"""Stories as files hold them, and where they are told otherwise than the core decides."""

import contextlib
import re
from pathlib import Path
from textwrap import dedent, indent
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.desk.deeds import VERBS
from streams.desk.expected import EXPECTATIONS
from streams.desk.junit import junit
from streams.desk.run import Result, tell
from streams.desk.stories import read_stories, stories_of
from streams.detect.rules_file import load_rules
from streams.policy.load import load_file
from streams.reading.faults import FileError
from tests.builders import QUICK
from tests.policies import ESCALATE, quick, step

FILES = sorted(Path("deploy").rglob("*-tests.yaml"))
DEMO = Path("deploy/sandbox/policies/demo-tests.yaml")
HEAD = """
labels: {namespace: shop, deployment: checkout, severity: critical}
tests:
  - name: a story
    timeline:
"""


def told(moments: str, policy: str = QUICK, head: str = HEAD) -> Result:
    (story,) = stories_of(head + indent(dedent(moments), " " * 6), "t.yaml").all
    return tell(story, policy)


def passes(moments: str, policy: str = QUICK) -> None:
    result = told(moments, policy)
    assert result.failure is None, "\n".join([*map(str, result.timeline), str(result.failure)])


def why(moments: str, policy: str = QUICK) -> tuple[str, ...]:
    failure = told(moments, policy).failure
    assert failure
    return failure.why


def faults(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        stories_of(text, "t.yaml")
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_tests_that_are_shipped_pass(file: Path) -> None:
    found = read_stories(file)
    _, policy = load_file(file.parent / found.policy)
    rules = load_rules(file.parent / found.detections) if found.detections else ()
    failures = {story.name: tell(story, policy, rules).failure for story in found.all}
    assert not any(failures.values()), failures


LADDER = """
    - {at: 0s, fires: HighErrors, expect: {incident: looking, open: 1, commands: [look]}}
    - {after: 1s, observed: {}, expect: {commands: [{kind: act, action: restart}]}}
    - {after: 1s, intent: restart, expect: {incident: acting}}
    - {after: 1s, applied: restart, expect: {incident: verifying, nothing: true}}
"""


def test_a_whole_ladder() -> None:
    passes(
        LADDER
        + """
    - {after: 10s, checked: failed, expect: {reasons: [check_failed]}}
    - {at: 1m3s, expect: {reasons: [not_verified]}}
    - {at: 1m8s, expect: {incident: {state: looking, step: 2}}}
    - {at: 1m9s, observed: {}}
    - {at: 1m10s, failed: invalid, expect: {incident: {state: escalated, step: 3}}}
    - {at: 1m11s, clears: HighErrors, expect: {incident: resolved, open: 0, notices: [resolved]}}
    - {at: 11m11s, expect: {incident: closed}}
    """
    )


def test_what_nobody_waits_for_cannot_happen() -> None:
    assert why("- {at: 0s, observed: {}}") == ("no LOOK awaits an answer",)
    assert why("- {at: 0s, approves: ann}") == ("nothing asks for approval",)
    assert why("- {at: 0s, snoozes: {for: 1h}}") == ("there is no incident",)
    assert why(
        """
        - {at: 0s, fires: HighErrors}
        - {at: 1s, observed: {}}
        - {at: 2s, applied: roll_back}
        """
    ) == ("what awaits an answer is restart, not roll_back",)
    assert why(LADDER + "    - {after: 1s, applied: restart}\n") == (
        "no ACT or ROLLBACK awaits an answer",
    )


def test_which_of_several_is_answered() -> None:
    passes(
        """
        - at: 0s
          fires: [{alertname: HighErrors, deployment: a}, {alertname: HighErrors, deployment: b}]
          expect: {open: 2, commands: [{target: a}, {target: b}]}
        - {at: 1s, observed: {}, target: a, expect: {commands: [{kind: act, target: a}]}}
        - at: 2s
          rejected: stale
          target: b
          expect:
            incident: {of: {deployment: b}, state: escalated, reason: no_observation}
        """
    )


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("incident: open", "incident: state: expected open, got looking"),
        ("incident: {target: cart}", "incident: target: expected cart, got checkout"),
        ("incident: {receivers: [a, b]}", "incident: receivers: expected a, b, got ops"),
        ("incident: {of: {alertname: X}}", "incident: there is none with {'alertname': 'X'}"),
        ("open: 2", "open: expected 2 incident(s), got 1: HighErrors: looking (dwell_over)"),
        ("commands: []", "commands: expected none; got look deployment/checkout in shop of eu-1"),
        (
            "commands: [{kind: act, action: restart}]",
            "commands: expected kind=act action=restart; "
            "got look deployment/checkout in shop of eu-1",
        ),
        ("notices: [escalated]", "notices: expected kind=escalated; got none"),
        ("reasons: [killed]", "reasons: expected killed; got new_policy, alert_firing, dwell_over"),
        (
            "nothing: true",
            "nothing is done or told: got look deployment/checkout in shop of eu-1",
        ),
    ],
)
def test_what_was_expected_and_what_there_is(expect: str, said: str) -> None:
    (found,) = why(f"- {{at: 0s, fires: HighErrors, expect: {{{expect}}}}}")
    assert found.replace("new_policy, ", "") == said.replace("new_policy, ", "")


def test_parts_of_a_text_and_all_receivers_of_a_notice() -> None:
    passes(
        """
        - at: 0s
          fires: Unknown
          expect: {notices: [{kind: escalated, receivers: [ops], text: no_playbook}]}
        """
    )


ORDERS = [
    "- {at: 0s, kills: everywhere, expect: {reasons: [kill_switch_on]}}\n"
    "- {at: 0s, revives: everywhere, expect: {reasons: [kill_switch_off]}}",
    "- {at: 0s, kills: cluster, expect: {reasons: [kill_switch_on]}}",
    "- {at: 0s, freezes: {for: 1h}, expect: {reasons: [freeze_on]}}\n"
    "- {at: 1s, fires: HighErrors, expect: {incident: {state: open, reason: frozen}}}\n"
    "- {at: 2s, unfreezes: one, expect: {reasons: [freeze_off]}}",
    "- {at: 0s, silences: {matchers: ['alertname=\"HighErrors\"'], for: 1h}}\n"
    "- {at: 1s, fires: HighErrors, expect: {incident: suppressed, nothing: true}}\n"
    "- {at: 2s, expires: one, expect: {reasons: [silence_off]}}",
    "- {at: 0s, maintains: {matchers: ['namespace=\"shop\"'], for: 1h}}\n"
    "- {at: 1s, fires: HighErrors, expect: {incident: {reason: maintenance}}}",
    "- {at: 0s, deployed: checkout, expect: {reasons: [change_recorded]}}",
    "- {at: 0s, trusts: errors, expect: {reasons: [nothing_to_change]}}",
    "- {at: 0s, detects: {rule: HighErrors, value: 0.5}, expect: {incident: looking}}\n"
    "- {at: 1s, detects: {rule: HighErrors, value: 0.1, ended: true}, expect: {open: 0}}",
    "- {at: 0s, fires: Unknown}\n"
    "- {at: 1s, snoozes: {for: 2h}}\n"
    "- {at: 1h59m, expect: {nothing: true}}",
]


@pytest.mark.parametrize("moments", ORDERS)
def test_what_people_order(moments: str) -> None:
    passes(moments)


@pytest.mark.parametrize(
    ("answer", "reason"), [("approves", "approved"), ("rejects", "rejected_by_human")]
)
def test_what_people_say(answer: str, reason: str) -> None:
    passes(
        f"""
        - {{at: 0s, fires: HighErrors}}
        - {{at: 1s, observed: {{}}, expect: {{incident: awaiting_approval, notices: [approval]}}}}
        - {{at: 2s, {answer}: bob, expect: {{reasons: [{reason}]}}}}
        """,
        quick(steps=step("restart", "approval: always") + ESCALATE),
    )


def test_an_outcome_that_nobody_knows() -> None:
    passes(
        """
        - {at: 0s, fires: HighErrors}
        - {at: 1s, observed: {replicas_ready: 2}}
        - {at: 2s, unknown: no_answer, expect: {incident: {reason: outcome_unknown}}}
        """
    )


def test_alerts_that_are_always_there() -> None:
    blind = "watchdogs: [{name: alive, match: ['alertname=\"Watchdog\"'], missing_after: 3m}]"
    moments = "- {at: 1h, fires: HighErrors, expect: {incident: {of: {alertname: HighErrors}, %s}}}"
    assert told(moments % "reason: watchdog_missing", quick(blind)).failure is None
    there = HEAD.replace("tests:", "always: [Watchdog]\ntests:")
    assert told(moments % "state: looking", quick(blind), there).failure is None


def test_the_moment_at_which_a_story_begins() -> None:
    muted = """
        time_intervals:
          - {name: sundays, time_intervals: [{weekdays: [sunday]}]}
        """
    text = QUICK.replace(
        "  repeat_interval: 1h\n",
        "  repeat_interval: 1h\n"
        "  routes: [{mute_time_intervals: [sundays], matchers: ['severity=\"critical\"']}]\n",
    ) + dedent(muted)
    moments = "- {at: 0s, fires: HighErrors, expect: {incident: %s}}"
    assert told(moments % "looking", text).failure is None
    sunday = HEAD.replace("tests:", 'starts: "2026-01-04T12:00:00Z"\ntests:')
    assert told(moments % "suppressed", text, sunday).failure is None


def test_everything_that_is_wrong_is_named_at_its_place() -> None:
    assert faults(
        """\
policy: p.yaml
starts: today
tests:
  - name: a
    timeline:
      - {at: 5s, fires: X, clears: X}
      - {at: 1s}
      - {at: 6s, after: 1s, expect: {open: 1}}
      - {at: 6s, checked: maybe}
      - {at: 7s, silences: {matchers: ['a=~"('], for: 1h}}
      - {at: 7s, expect: {}}
      - {at: 7s, expect: {nothing: true, commands: []}}
      - {at: 7s, target: cart, expect: {open: 1}}
      - {at: 7s, detects: {rule: x, value: much}}
  - name: a
    timeline: [{at: 2s, fires: X}, {at: 1s, clears: X}]
"""
    ) == [
        "t.yaml:2:9: expected a moment with its zone, in quotes, such as 2026-01-05T12:00:00Z",
        "t.yaml:6:36: one thing happens at a time: also 'fires'",
        "t.yaml:7:9: nothing happens here, and nothing is expected",
        "t.yaml:8:25: either `at` or `after`",
        "t.yaml:9:27: unknown: 'maybe'; known: failed, passed, untold",
        "t.yaml:10:40: a matcher's value has no closing quote: \"(",
        f"t.yaml:11:26: expected one of {', '.join(EXPECTATIONS)}",
        "t.yaml:12:26: `nothing` says it all: leave out `commands` and `notices`",
        "t.yaml:13:26: belongs to an answer of the executor",
        "t.yaml:14:44: expected a number",
        "t.yaml:15:11: a second test named 'a'",
        "t.yaml:16:36: earlier than the moment before",
    ]


def test_every_verb_and_every_expectation_is_told_here() -> None:
    shown = "".join(file.read_text() for file in Path(__file__).parent.glob("test_stories*.py"))
    assert not [verb for verb in VERBS if f"{verb}: " not in shown and f'"{verb}"' not in shown]
    assert not [key for key in EXPECTATIONS if f"{key}: " not in shown]


def test_results_for_a_ci_server() -> None:
    good, bad = (
        told("- {at: 0s, fires: X}"),
        told('- {at: 0s, fires: "\\x01"}\n- {at: 1s, intent: x}'),
    )
    root = ElementTree.fromstring(junit({"t.yaml": [good, bad]}))
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    passed, failed = suite
    assert (passed.get("name"), len(passed)) == ("a story", 0)
    assert failed[0].get("message") == "no ACT or ROLLBACK awaits an answer"
    assert failed[0].text.startswith("t.yaml:7\n")
    assert "fires alertname=?" in failed[0].text


PIECES = sorted({*re.findall(r"[\w.]+|[{}\[\]:,\"'\n -]", DEMO.read_text()), "\x00", "é", "&a"})


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(FileError):
        stories_of(text, "t.yaml")


@given(st.data())
def test_a_file_with_any_part_replaced_is_told_or_refused(data: st.DataObject) -> None:
    text = DEMO.read_text()
    at = data.draw(st.integers(0, len(text)))
    length, piece = data.draw(st.integers(0, 12)), data.draw(st.sampled_from(PIECES))
    try:
        found = stories_of(text[:at] + piece + text[at + length :], "t.yaml")
    except FileError:
        return
    _, policy = load_file(DEMO.parent / "demo.yaml")
    for story in found.all:
        tell(story, policy)
