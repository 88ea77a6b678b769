"""Stories that feed samples: how they are written, what is detected, and what comes of it."""

import random
import subprocess
from collections import defaultdict
from pathlib import Path
from textwrap import dedent, indent
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from streams.desk import detecting
from streams.desk.run import Result, tell
from streams.desk.series import VALUES_MAX, values_of
from streams.desk.stories import stories_of
from streams.detect.rules_file import compile_rules
from streams.host import windows
from streams.reading.faults import FileError
from tests.builders import QUICK
from tests.streams.detect.texts import SLO

RULES = """\
version: 1
slos: [{file: slo.yaml, by: [deployment]}]
detections:
  - kind: threshold
    name: HighErrors
    of: {metric: queue_depth}
    by: [cluster, namespace, deployment, queue]
    above: 100
    for: 1m
    labels: {severity: critical}
  - kind: change
    name: Growing
    of: {metric: rows}
    by: [cluster]
    above: 1
    window: 10m
    for: 0s
"""
COMPILED = compile_rules(RULES, "d.yaml", lambda _name: SLO)
HEAD = """
labels: {namespace: shop, deployment: checkout, severity: critical}
tests:
  - name: a story
    timeline:
"""


def told(moments: str, rules: Any = COMPILED) -> Result:
    (story,) = stories_of(HEAD + indent(dedent(moments), " " * 6), "t.yaml").all
    return tell(story, QUICK, rules)


def passes(moments: str) -> Result:
    result = told(moments)
    assert result.failure is None, "\n".join([*map(str, result.timeline), str(result.failure)])
    return result


def why(moments: str, rules: Any = COMPILED) -> tuple[str, ...]:
    failure = told(moments, rules).failure
    assert failure
    return failure.why


DEEP = """
    - at: 0s
      measures:
        every: 15s
        series: {'queue_depth{queue="mail"}': 90+20x6 5, 'queue_depth{queue="sms"}': 7x7}
    - {at: 1m, expect: {detections: [], open: 0}}
"""


def test_a_detection_opens_an_incident_and_its_playbook_looks() -> None:
    passes(
        DEEP
        + """
    - at: 1m15s
      expect:
        detections:
          - {rule: HighErrors, labels: {queue: mail}, state: firing, since: 1m15s, says: "190"}
        incident: {state: looking, playbook: errors, of: {queue: mail}}
        commands: [look]
    - {at: 1m30s, expect: {detections: []}}
    - at: 1m45s
      expect: {detections: [{state: resolved, since: 1m15s}], incident: resolved, open: 0}
    """
    )


def test_the_timeline_shows_the_detection_before_what_was_decided_on_it() -> None:
    lines = [
        str(line).strip() for line in passes(DEEP + "    - {at: 2m, expect: {open: 0}}").timeline
    ]
    detected = next(n for n, line in enumerate(lines) if "detected HighErrors firing" in line)
    assert "cluster=eu-1" in lines[detected]
    assert "190, to be told when above 100" in lines[detected]
    opened = next(n for n, line in enumerate(lines) if "looks" in line or "look deploy" in line)
    assert detected < opened
    assert "measures queue_depth: 2 series, every 15s" in lines[0]


def test_it_is_told_what_was_detected_where_something_else_was_expected() -> None:
    (found,) = why(DEEP.replace("detections: []", "detections: [{rule: HighErrors, since: 1m}]"))
    assert found == "detections: expected rule=HighErrors since=1m; got none"
    (found,) = why(DEEP + "    - {at: 2m, expect: {detections: [Growing]}}")
    assert "expected rule=Growing; got HighErrors firing cluster=eu-1" in found
    assert "(since 1m15s); HighErrors resolved" in found


def test_a_window_that_is_not_full_gives_nothing() -> None:
    passes(
        """
        - {at: 0s, measures: {every: 1m, series: {rows: 0+600x12}}}
        - {at: 8m59s, expect: {detections: []}}
        - {at: 9m, expect: {detections: [{rule: Growing, state: firing, since: 9m}]}}
        """
    )


def test_a_budget_that_burns_for_hours_is_told_in_milliseconds() -> None:
    passes(
        """
        - at: 0s
          measures:
            every: 1m
            series:
              'requests_total{code="200"}': 0+1000x60 60000x60
              'requests_total{code="500"}': 0x60 0+1000x60
        - {at: 1h, expect: {detections: []}}
        - at: 1h5m
          expect: {detections: [checkout-availability-burn-1h, checkout-availability-burn-6h]}
        """
    )


def test_targets_that_are_measured_at_other_times_go_on_beside_each_other() -> None:
    passes(
        """
        - {at: 0s, measures: {every: 1m, series: {queue_depth: 200x5}, labels: {queue: a}}}
        - at: 20s
          measures: {every: 1m, series: {queue_depth: [200, 200, _, stale, 3]}, labels: {queue: b}}
        - {at: 1m19s, expect: {detections: [{labels: {queue: a}, since: 1m}]}}
        - {at: 1m20s, expect: {detections: [{labels: {queue: b}, since: 1m20s}]}}
        - {at: 9m, expect: {detections: [{labels: {queue: b}, state: resolved}]}}
        """
    )


def test_samples_that_nothing_reads_are_a_mistake() -> None:
    moments = "- {at: 0s, measures: {every: 1s, series: {queue_dept: 1x3}}}"
    assert why(moments) == (
        "no detection reads 'queue_dept'; they read queue_depth, requests_total, rows",
    )
    assert why(moments, ()) == ("no detections: name their file, as `detections` or --detections",)


def test_everything_that_is_wrong_with_samples_is_named_at_its_place() -> None:
    text = HEAD + indent(
        dedent(
            """\
            - {at: 0s, measures: {every: 1s, series: {'a b': 1}}}
            - {at: 0s, measures: {every: 1s, series: {a: 1 2x}}}
            - {at: 0s, measures: {every: 1s, series: {a: 1x999999}}}
            - {at: 0s, measures: {every: 1s, series: {}}}
            - {at: 0s, measures: {series: {a: [[1]]}}}
            - {at: 0s, expect: {detections: [{state: gone}]}}
            """
        ),
        " " * 6,
    )
    with pytest.raises(FileError) as caught:
        stories_of(text, "t.yaml")
    notation = "expected values such as `1 2 3`, `0+10x20`, `5x10`, `_x3` or `stale`"
    assert [str(fault) for fault in caught.value.faults] == [
        't.yaml:6:49: expected a series such as queue_depth{queue="orders"}',
        f"t.yaml:7:52: {notation}, not '2x'",
        f"t.yaml:8:52: at most {VALUES_MAX} values of a series are taken",
        "t.yaml:9:48: expected at least one series",
        "t.yaml:10:28: what is measured needs 'every'",
        f"t.yaml:10:41: {notation}",
        "t.yaml:11:48: unknown: 'gone'; known: firing, resolved",
    ]


# The notation.


def test_values_as_promtool_writes_them() -> None:
    assert values_of("1 -2.5 1e3") == (1.0, -2.5, 1000.0)
    assert values_of("0+10x3") == (0, 10, 20, 30)
    assert values_of("5-2x2 7x1") == (5, 3, 1, 7, 7)
    assert values_of("_ 1 _x2 stale") == (None, 1, None, None, None)


@given(st.text(alphabet="0123456789+-x_.e stalq", max_size=30))
def test_any_notation_is_read_or_refused(text: str) -> None:
    try:
        found = values_of(text)
    except ValueError:
        return
    assert 0 < len(found) <= VALUES_MAX


@pytest.mark.needs("promtool")
def test_promtool_expands_it_to_the_same_values(tmp_path: Path) -> None:
    notation = "3 0+10x4 5x3 2-0.5x3 -1+1e1x2 _ _x2 8 .5 1."
    values = values_of(notation)
    cases = [
        {
            "expr": "last_over_time(depth[30s])",
            "eval_time": f"{nth}m",
            "exp_samples": []
            if value is None
            else [{"labels": 'depth{queue="a"}', "value": value}],
        }
        for nth, value in enumerate(values)
    ]
    series = [{"series": 'depth{queue="a"}', "values": notation}]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": cases}
    (tmp_path / "t.yaml").write_text(yaml.safe_dump({"tests": [test]}, width=10**9))
    done = subprocess.run(
        ["promtool", "test", "rules", str(tmp_path / "t.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# The windows.


class Table(defaultdict[Any, Any]):
    """What a windowed table of Faust's keeps, as long as nothing expires."""

    def __init__(self) -> None:
        super().__init__(dict)

    def using_window(self, _: object) -> "Table":
        return self


@pytest.mark.parametrize("seed", range(5))
def test_windows_hold_what_the_workers_hold(seed: int) -> None:
    assert detecting.KEPT_MS == windows.KEPT_S * 1000
    rng, now_ms = random.Random(seed), 1_700_000_000_000
    app: Any = SimpleNamespace(Table=lambda *_, **__: Table())
    theirs, ours = windows.SampleWindows(app, 1), detecting.Windows()
    for nth in range(400):
        now_ms += rng.randrange(0, 4000)
        key, member = rng.choice("ab"), rng.choice(["p1", "p2", ""])
        at_ms = now_ms - rng.choice([0, 0, 0, 2500])
        for each in (theirs, ours):
            each.remember(key, member, at_ms, [at_ms, float(nth), 0.0])
        span_ms = rng.choice([3_000, 60_000, 290_000])
        expected = {m: found for m, found in theirs.recent(key, at_ms, span_ms).items() if found}
        assert ours.recent(key, at_ms, span_ms) == expected
