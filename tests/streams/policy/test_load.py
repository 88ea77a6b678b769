"""A policy is used as it is written or refused with the place of everything that is wrong."""

from pathlib import Path

import pytest

from streams.policy.book import PolicyBook
from streams.policy.load import compile_policy, digest_of, load_file
from streams.reading.faults import FileError
from tests.builders import QUICK

DEMO = Path("deploy/sandbox/policies/demo.yaml")


def faults(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        compile_policy(text, "p.yaml")
    return [str(fault) for fault in caught.value.faults]


def line_of(text: str, needle: str) -> int:
    return text[: text.index(needle)].count("\n") + 1


def test_the_demo_policy_reads() -> None:
    policy, source = load_file(DEMO)
    assert policy.digest == digest_of(source)
    assert [rung.action for rung in policy.playbooks[0].rungs] == [
        "restart",
        "roll_back",
        "escalate",
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("concurrent: 3", "concurent: 3", "unknown key 'concurent' in limits"),
        ("  concurrent: 3\n", "", "limits needs 'concurrent'"),
        ("concurrent: 3", "concurrent: 0", "expected a number from 1"),
        ("concurrent: 3", "concurrent: .nan", "expected a whole number, not '.nan'"),
        ("concurrent: 3", "concurrent: 08", "expected a whole number, not '08'"),
        ("concurrent: 3", 'concurrent: "3"', "expected a whole number"),
        ("concurrent: 3", "concurrent:", "expected a whole number"),
        ("cooldown: 15m", "cooldown: 15", "expected a duration"),
        ("cooldown: 15m", "cooldown: -15m", "expected a duration"),
        ("cooldown: 15m", "cooldown: 0s", "expected at least 1 ms"),
        ("namespaces: [shop]", "namespaces: [kube-system]", "Mendlog never acts in kube-system"),
        ("namespaces: [shop]", 'namespaces: ["*"]', "the name of one namespace"),
        ("namespaces: [shop]", "namespaces: [no]", "write 'no' in quotes"),
        ("action: restart", "action: reboot", "unknown: 'reboot'"),
        ("      - action: escalate\n", "", "the last step must be `action: escalate`"),
        ("action: roll_back", "action: escalate", "nothing can follow"),
        ("probes: [rollout]", "probes: [smoke]", "unknown: 'smoke'"),
        ("deadline: 60s", "deadline: 15s", "the deadline must be later"),
        ("- action: restart", "- action: restart\n        undo: true", "restart cannot be undone"),
        ("- action: restart", "- action: scale", "scale needs the parameter 'max'"),
        ("- action: restart", "- action: scale\n        parameters: {max: 5}", "exactly one of"),
        ("- action: restart", "- action: restart\n        parameters: {a: 1}", "no parameter 'a'"),
        ('name: "{deployment}"', 'name: "web-{deployment}"', "one label as"),
        ('name: "{deployment}"', 'name: "*"', "one label as"),
        ('\'alertname="HighErrors"\'', "'alertname=~\"(\"'", "not a regular expression (RE2)"),
        ('\'alertname="HighErrors"\'', "'alertname == x'", "expected a matcher"),
        ("version: 1", "version: 2", "this release reads version 1"),
    ],
    ids=lambda value: value[:40],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, expected: str) -> None:
    assert old in QUICK
    found = faults(QUICK.replace(old, new, 1))
    assert any(expected in fault for fault in found), found
    assert all(fault.startswith("p.yaml:") for fault in found)


def test_the_place_is_the_line_and_column_of_the_word_at_fault() -> None:
    text = QUICK.replace("concurrent: 3", "concurrent: 08")
    line = line_of(text, "concurrent")
    assert faults(text) == [f"p.yaml:{line}:15: expected a whole number, not '08'"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file is empty"),
        ("a: [", "not YAML"),
        ("version: 1\nversion: 1\n", "'version' is here twice"),
        ("a: &x 1\nb: *x\n", "anchors and aliases are not allowed"),
        ("a: !!python/object/apply:os.system ['true']\n", "is not allowed"),
        ("- 1\n", "expected the keys of a policy"),
        ("[" * 200 + "]" * 200, "nested too deeply"),
        ("a: \x00", "not YAML"),
        ("x" * 2_000_000, "larger than"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_no_policy_at_all_is_refused(text: str, expected: str) -> None:
    assert any(expected in fault for fault in faults(text))


def test_a_file_that_is_not_text_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(FileError, match=r"p\.yaml:1:1: not UTF-8"):
        load_file(path)


def test_another_text_is_another_digest_and_another_ladder_only_where_the_ladder_changed() -> None:
    one, two = (
        compile_policy(QUICK),
        compile_policy(QUICK.replace("concurrent: 3", "concurrent: 4")),
    )
    assert one.digest != two.digest
    assert one.playbooks[0].digest == two.playbooks[0].digest
    three = compile_policy(QUICK.replace("dwell: 5s", "dwell: 6s"))
    assert three.playbooks[0].digest != one.playbooks[0].digest


SCALING = QUICK.replace(
    "      - action: restart\n",
    "      - action: scale\n        parameters: {max: %s, by: 1}\n",
)


@pytest.mark.parametrize("value", ["[1]", "{a: 1}", "9" * 5_000, "1e3", "''", "--1"])
def test_a_parameter_that_is_no_number_is_a_fault_and_no_crash(value: str) -> None:
    assert any("expected a whole number" in fault for fault in faults(SCALING % value))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SCALING.replace("max: %s", "[a]: 1"), "expected a name"),
        (QUICK.replace("name: errors", r'name: "\ud800"'), "half of a character"),
        (QUICK.replace('alertname="HighErrors"', "a=b").replace("'a=b'", r'"a=\ud800"'), "half of"),
        (QUICK.replace("name: errors", r'name: "\UFFFFFFFF"'), "not YAML"),
        ("%YAML 1." + "9" * 5_000 + "\n---\n" + QUICK, "not YAML"),
        (QUICK.replace("attempts_per_target: 2", "attempts_per_target: 21"), "at most 20"),
        (QUICK.replace("attempts_window: 6h", "attempts_window: 2d"), "for 24h and no longer"),
        (QUICK.replace("cooldown: 15m", f"cooldown: {'9' * 5_000}s"), "expected a duration"),
        (QUICK.replace("cooldown: 15m", "cooldown: 25h"), "for 24h and no longer"),
    ],
    ids=range(9),
)
def test_hostile_text_is_refused_and_does_not_end_the_core(text: str, expected: str) -> None:
    assert any(expected in fault for fault in faults(text))


def test_a_policy_keeps_its_digest_and_its_text_apart() -> None:
    book = PolicyBook()
    first = book.compile("d", QUICK)
    other = book.compile("d", QUICK.replace("concurrent: 3", "concurrent: 1"))
    assert first
    assert other
    assert (first.digest, first.limits.concurrent) == ("d", 3)
    assert (other.digest, other.limits.concurrent) == ("d", 1)
