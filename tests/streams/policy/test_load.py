"""A policy is used as it is written or refused with the place of everything that is wrong."""

from pathlib import Path

import pytest

from streams.core.playbook import Mode
from streams.policy.digests import digest_of
from streams.policy.load import compile_policy, load_file
from streams.policy.never import NEVER_MATCHERS
from streams.reading.faults import FileError
from tests.streams.policy.texts import QUICK, WHOLE, changed, fault, faults

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "deploy/sandbox/policies/demo.yaml"


def line_of(text: str, needle: str) -> int:
    return text[: text.index(needle)].count("\n") + 1


@pytest.mark.parametrize("path", [DEMO, ROOT / "bench/policy.yaml"], ids=["demo", "bench"])
def test_the_policies_that_we_ship_read(path: Path) -> None:
    policy, source = load_file(path)
    assert policy.digest == digest_of(source)
    assert all(book.mode is Mode.AUTO and book.trusted for book in policy.playbooks)


def test_the_demos_ladder() -> None:
    policy, _ = load_file(DEMO)
    assert [rung.action for rung in policy.playbooks[0].rungs] == [
        "restart",
        "roll_back",
        "escalate",
    ]


def test_every_section_gets_to_its_place() -> None:
    policy = compile_policy(WHOLE)
    assert policy.namespaces == {"shop"}
    assert policy.receivers == ("ops", "pages", "shop")
    assert list(policy.intervals) == ["nights", "sale"]
    assert policy.route.routes[0].receiver == "pages"
    assert len(policy.inhibit) == 1
    assert policy.severities
    assert not policy.severities["info"].remediate
    assert [service.name for service in policy.services] == ["checkout", "payments"]
    assert policy.enrichments[0].labels == {"region": "eu-west-1"}
    assert policy.sources
    assert policy.sources["prometheus"].namespaces == {"shop"}
    assert policy.correlation.key == ("correlation_id",)
    assert [brake.name for brake in policy.brakes] == ["api", "everything"]
    assert policy.watchdogs[0].missing_after_ms == 300_000
    assert [interval.name for interval in policy.freezes[0].during] == ["sale"]
    assert policy.never[: len(NEVER_MATCHERS)] == NEVER_MATCHERS
    assert policy.never[-1]({"alertname": "DatabaseDown"})
    assert policy.playbooks[0].mode is Mode.APPROVE


def test_what_is_left_out_of_the_smallest_policy() -> None:
    policy = compile_policy(QUICK)
    assert policy.severities is None
    assert policy.sources is None
    assert policy.never == NEVER_MATCHERS
    assert not policy.correlation.window_ms


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("version: 1", "version: 2", "this release reads version 1, not 2"),
        ("version: 1", "version: 1\nlimit: {}", "unknown key 'limit' in a policy"),
        ("namespaces: [shop]", "namespaces: [kube-system]", "Mendlog never acts in kube-system"),
        ("namespaces: [shop]", 'namespaces: ["*"]', "expected the name of one namespace"),
        ("namespaces: [shop]", "namespaces: [no]", "expected text: write 'no' in quotes"),
        ("namespaces: [shop]", "namespaces: shop", "expected a list"),
        ("receivers: [ops, pages, shop]", "receivers: [ops, pages, shop, ops]", "a second"),
        ("receiver: ops\n", "receiver: nobody\n", "no receiver is named 'nobody'"),
        ("during: [sale]", "during: [sales]", "no time interval is named 'sales'; known: n"),
        ("during: [sale]", "during: []", "expected at least 1 item(s)"),
        ("name: sale, during", "name: nights, during", "a second freeze named 'nights'"),
        ("name: everything, all: true", "name: everything", "needs either `match` or `all: true`"),
        ("name: everything, all: true", "name: everything, all: false", "needs either `match`"),
        ("name: everything, all", "name: everything, match: [a=b], all", "needs either `match`"),
        ("missing_after: 5m", "missing_after: 0s", "expected at least 1 ms"),
        ("  change_within: 30m", "  change_within: 30", "expected a duration"),
        ("key: [correlation_id]", "key: []", "expected at least 1 item(s)"),
        ("receivers: [pages]}", "receivers: [page]}", "no receiver is named 'page'"),
        ("info: {remediate: false}", "info: {remediate: no}", "expected true or false"),
        ("clusters: [eu-1]", 'clusters: ["*"]', "expected the name of one cluster"),
        ("namespaces: [shop]}", 'namespaces: [""]}', "expected the name of one namespace"),
        ("depends_on: [payments]", "depends_on: [payment]", "no service is named 'payment'"),
        ("{name: payments,", "{name: checkout,", "a second service named 'checkout'"),
        ('dashboard: "https', 'dashboard: "ftp', "the link 'dashboard' must begin with"),
        ("labels: {region: eu-west-1}, links", "links", None),
        ("{match: ['namespace=\"shop\"'], labels", "{match: [], labels", None),
        (", links: {runbook: \"https://wiki.example/shop\"}}", "}", None),
        ("labels: {region: eu-west-1}, links", "link", "unknown key 'link' in an enrichment"),
        ("- {match: ['name", "- {match: [a=b]}\n  - {match: ['name", "adds `labels` or"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, expected: str | None) -> None:
    if expected is None:
        compile_policy(changed(old, new))
        return
    found = faults(changed(old, new))
    assert any(expected in one for one in found), found
    assert all(one.startswith("p.yaml:") for one in found)


def test_the_place_is_the_line_and_column_of_the_word_at_fault() -> None:
    text = changed("times: 3", "times: 08")
    line = line_of(text, "times: 08")
    assert faults(text) == [f"p.yaml:{line}:25: expected a whole number, not '08'"]


def test_every_fault_is_told_at_once_and_one_mistake_once() -> None:
    text = changed("dwell: 2m", "dwell: 2")
    text = changed("missing_after: 5m", "missing_after: 5", text)
    text = changed("receiver: ops\n", "receiver: nobody\n", text)
    assert len(faults(text)) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file is empty"),
        ("# nothing", "the file is empty"),
        ("a: [", "not YAML"),
        ("- 1\n", "expected the keys of a policy"),
        ("version", "expected the keys of a policy"),
        ("[" * 200 + "]" * 200, "nested too deeply"),
        ("a: \x00", "not YAML"),
        ("version: 1\n---\nversion: 1\n", "not YAML"),
        ("x" * 2_000_000, "larger than"),
        ("? [a]\n: 1\n", "expected a name"),
        (changed("name: errors", r'name: "\ud800"'), "not YAML"),
        (changed("name: errors", 'name: "\ud800"'), "not YAML"),
        (changed("name: errors", r'name: "\UFFFFFFFF"'), "not YAML"),
        ("%YAML 1." + "9" * 5_000 + "\n---\n" + WHOLE, "not YAML"),
        (changed("name: errors", "name: 2024-01-01"), "is not allowed"),
        (changed("name: errors", "name: errors\n    <<: {a: b}"), "is not allowed"),
        (changed("max: 10", "[a]: 1"), "expected a name"),
        (changed("dwell: 2m", f"dwell: {'9' * 5_000}s"), "expected a duration"),
        (changed("times: 3", f"times: {'9' * 5_000}"), "expected a whole number"),
    ],
    ids=range(19),
)
def test_hostile_text_is_refused_and_does_not_end_the_core(text: str, expected: str) -> None:
    found = faults(text)
    assert any(expected in one for one in found), found


# guarantees.md §6, 32–37: what a playbook or its file must never do.

LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_bad_input_32_billion_laughs() -> None:
    assert faults(LAUGHS) == ["p.yaml:1:4: anchors and aliases are not allowed"]


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system ['true']", "!!python/name:os.system", "!env HOME"]
)
def test_bad_input_33_tags_that_make_objects(tag: str) -> None:
    assert "is not allowed" in faults(f"version: {tag}\n")[0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: payments,", "name: no,", "expected text: write 'no' in quotes"),
        ("name: payments,", "name: 08,", "expected text: write '08' in quotes"),
        ("name: payments,", "name: 1:30,", "expected text: write '1:30' in quotes"),
        ("name: payments,", "name: ,", "expected text: write '' in quotes"),
        ("name: payments,", "name: ~,", "expected text: write '~' in quotes"),
        ("undo: true", "undo: yes", "expected true or false"),
        ("undo: true", 'undo: "true"', "expected true or false"),
        ("by: 1,", "by: 01,", "expected a whole number"),
        ("by: 1,", "by: 0x1,", "expected a whole number"),
        ("by: 1,", "by: 1_0,", "expected a whole number"),
        ("version: 1\n", "version: 1\nversion: 1\n", "'version' is here twice"),
        ("undo: true", "undo: true\n        undo: true", "'undo' is here twice"),
        ("{region: eu-west-1}", "{region: a, region: b}", "'region' is here twice"),
    ],
)
def test_bad_input_34_values_that_yaml_would_guess(old: str, new: str, expected: str) -> None:
    found = faults(changed(old, new))
    assert any(expected in one for one in found), found


@pytest.mark.timeout(30)
def test_bad_input_35_a_regular_expression_that_would_take_for_ever() -> None:
    policy = compile_policy(changed('alertname="HighErrors"', 'alertname=~"(a+)+b"'))
    assert not policy.playbooks[0].matches({"alertname": "a" * 50_000})
    assert "not a regular expression (RE2)" in fault(
        'alertname="HighErrors"', 'alertname=~"(a)\\\\1"'
    )


@pytest.mark.parametrize(
    "matchers",
    ["{}", "", 'a=~".*"', 'a!="b"', 'a=""', 'a!~"b"', '{a=~".*", b!="c"}'],
)
def test_bad_input_36_a_selector_that_means_everything(matchers: str) -> None:
    for old in ('alertname="HighErrors"', 'alertname="Watchdog"', 'alertname=~"Database.*"'):
        found = faults(changed(f"'{old}'", f"'{matchers}'"))
        assert len(found) == 1, found
        assert "matcher" in found[0]
    assert "expected at least 1" in fault("match: ['alertname=\"HighErrors\"']", "match: []")


def test_bad_input_37_circles_and_a_rollback_that_is_missing() -> None:
    circle = changed("{name: payments, match", "{name: payments, depends_on: [checkout], match")
    (found,) = faults(circle)
    assert "depends on itself: checkout → payments → checkout" in found
    itself = changed("depends_on: [payments]", "depends_on: [checkout]")
    assert "checkout → checkout" in faults(itself)[0]
    assert "restart cannot be undone" in fault("approval: always", "undo: true")


def test_bad_input_37_a_time_in_which_nothing_could_be_undone() -> None:
    assert "restart cannot be undone" in fault("approval: always", "lasts: 1h")
    scales = "action: scale\n        parameters: {by: 1, max: 9}\n        "
    for said, why in (
        ("lasts: 10s", "longer than its verification may take"),
        ("lasts: 8d", "at most 7d"),
        ("lasts: 0s", "at least 1 ms"),
        ("lasts: soon", "duration"),
        ("lasts: 2h\n        repeat: {times: 2, pause: 1s}", "no `repeat`"),
    ):
        assert why in quick_fault(f"{scales}{said}"), said


def quick_fault(first_step: str) -> str:
    (found,) = faults(QUICK.replace("action: restart", first_step, 1))
    return found


@pytest.mark.parametrize("value", ["0", "101", '"10"', "10.5", "-1", "10%", ".nan", ".inf", ""])
@pytest.mark.parametrize(
    "key", ["share_percent", "min_healthy_percent", "breaker_percent", "shadow_agreed_percent"]
)
def test_bad_input_37_percentages(key: str, value: str) -> None:
    assert "expected a" in fault("production-1", f"production-1\n  {key}: {value}")


def test_a_file_that_is_not_text_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(FileError, match=r"p\.yaml:1:1: not UTF-8"):
        load_file(path)
