"""The file: what is wrong is said with its place, and secrets stay out of it."""

import re
from pathlib import Path

import pytest

from remediators.notify.config import load, parse, unfit
from remediators.notify.opening import open_channels, secrets_of
from remediators.notify.pagerduty import PagerDuty
from remediators.notify.routing import addressed, unknown
from remediators.notify.slack import POST_MESSAGE, Slack
from remediators.notify.webhook import Webhook
from remediators.reading import BadFile
from tests.remediators.notify.builders import FILE, environment, file, notice

ROOT = Path(__file__).parents[3]


def faults(text: str) -> list[str]:
    with pytest.raises(BadFile) as caught:
        parse(text, "n.yaml")
    return list(caught.value.faults)


def test_the_example_of_the_documents_is_a_file() -> None:
    (example,) = re.findall(
        r"```yaml\n(.*?)```", (ROOT / "docs/notifications.md").read_text(), re.DOTALL
    )
    made = parse(example, "docs/notifications.md")
    page = notice(kind="escalated", severity="critical")
    assert [a.channels for a in addressed(page, made)] == [("oncall", "ops")]
    low = notice(severity="low")
    assert [a.channels for a in addressed(low, made)] == [("ops", "audit")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("per_minute: 20", "per_minute: 08"), "n.yaml:4:65: channels.ops.slack.per_minute: "),
        (("per_minute: 20", "per_minute: 0"), "expected a whole number from 1 on, not '0'"),
        (("per_minute: 20", "per_minute: 1_000"), "not '1_000'"),
        (("default_receiver: team", "default_receiver: no"), "no receiver is called no"),
        (("default_receiver: team\n", ""), "default_receiver: field required"),
        (("[pager, ops]", "[pager, pager]"), "a channel is here twice"),
        (("[pager, ops]", "[beeper]"), "no channel is called beeper"),
        (("[ops, hook]", "[ops, hook], severities: [low]"), "the last route must take everything"),
        (("severities: [critical], ", ""), "the routes after this one are never reached"),
        (("severities: [critical]", "severities: [CRITICAL]"), "string should match pattern"),
        (("kind: slack", "kind: smoke"), "channels.ops: "),
        (("{env: SLACK_URL}", "https://hooks.example/secret"), "channels.ops.slack.webhook_url: "),
        (("{env: SLACK_URL}", "{env: A, file: b}"), "exactly one of env and file"),
        (("{env: SLACK_URL}", "{}"), "exactly one of env and file"),
        (("{env: SLACK_URL}", "{env: A}, token: {env: B}"), "exactly one of webhook_url and token"),
        (("webhook_url: {env: SLACK_URL}", "token: {env: B}"), "a token and a channel go together"),
        (("per_minute: 20", "per_minute: 20, per_minute: 30"), "'per_minute' is here twice"),
        (("per_minute: 20", "perminute: 20"), "channels.ops.slack.perminute: unknown key"),
        (("https://hook.example/x", "http://hook.example/x"), "http only to this machine"),
        (("https://hook.example/x", "ftp://hook.example/x"), "begins with https://"),
        (("https://hook.example/x", "https://u:p@hook.example/x"), "no credentials in an address"),
        (('"https://hook.example/x"', "&a https://hook.example/x"), "anchors and aliases"),
        (('"https://hook.example/x"', "!!python/name:os.system x"), "is not allowed"),
        (("receivers:", "receivers: ["), "not YAML"),
        ((FILE, ""), "the file is empty"),
        ((FILE, "- a"), "n.yaml:1:1"),
        ((FILE, "a: " + "[" * 40), "nested too deeply"),
        ((FILE, "a" * 300_000), "larger than"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(change: tuple[str, str], said: str) -> None:
    text = FILE.replace(*change, 1)
    assert text != FILE
    assert any(said in fault for fault in faults(text)), faults(text)


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = FILE.replace("per_minute: 20", "per_minute: x")
    assert len(faults(wrong)) == 3


def test_what_is_wrong_is_said_without_what_may_be_a_secret() -> None:
    text = FILE.replace("{env: SLACK_URL}", "https://hooks.example/hush")
    assert "hush" not in "".join(faults(text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read"):
        load(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"\xff")
    with pytest.raises(BadFile, match="cannot be read"):
        load(tmp_path / "latin.yaml")


@pytest.mark.parametrize(
    ("url", "allow_http", "fit"),
    [
        ("https://a.example/x?y=1", False, True),
        ("http://127.0.0.1:8080/x", False, True),
        ("http://[::1]:8080/x", False, True),
        ("http://a.example/x", True, True),
        ("http://127.0.0.1.a.example/", False, False),
        ("https://", False, False),
        ("https://a.example:99999/", False, False),
        ("https://a.example/ x", False, False),
        ("https://a.example/\n", False, False),
        ("https://a.example/#x", False, False),
        ("file:///etc/passwd", True, False),
    ],
)
def test_where_something_may_be_sent(url: str, allow_http: bool, fit: bool) -> None:
    assert bool(unfit(url, allow_http)) is not fit


# Secrets.


def test_channels_are_opened_with_their_secrets(tmp_path: Path) -> None:
    opened = open_channels(file(), environment({}))
    ops, pager, hook = opened["ops"], opened["pager"], opened["hook"]
    assert isinstance(ops, Slack)
    assert ops.url == "https://hooks.example/T/B/secret"
    assert isinstance(pager, PagerDuty)
    assert isinstance(hook, Webhook)
    assert "secret" not in repr(opened)
    assert "kkkk" not in repr(opened)


def test_a_secret_from_a_file_with_the_line_end_that_editors_leave(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("xoxb-1\n")
    text = FILE.replace(
        "webhook_url: {env: SLACK_URL}", f"token: {{file: {tmp_path}/token}}, channel: C1"
    )
    ops = open_channels(file(text), environment({}))["ops"]
    assert isinstance(ops, Slack)
    assert (ops.url, ops.token, ops.channel) == (POST_MESSAGE, "xoxb-1", "C1")


@pytest.mark.parametrize(
    ("given_env", "said"),
    [
        ({"SLACK_URL": ""}, "channel ops: the environment variable SLACK_URL is not there"),
        ({"SLACK_URL": "http://a.example/hush"}, "channel ops: its secret address: http only"),
        ({"PAGERDUTY_KEY": "two\nlines"}, "channel pager: the environment variable PAGERDUTY_KEY"),
    ],
)
def test_a_secret_that_cannot_be_used(given_env: dict[str, str], said: str) -> None:
    with pytest.raises(BadFile) as caught:
        open_channels(file(), environment(given_env))
    assert said in str(caught.value)
    assert "hush" not in str(caught.value)


def test_people_are_told_where_the_secrets_are() -> None:
    assert secrets_of(file()) == [
        "channel ops takes its webhook_url from the environment variable SLACK_URL",
        "channel pager takes its routing_key from the environment variable PAGERDUTY_KEY",
    ]


# Routing.


@pytest.mark.parametrize(
    ("receivers", "severity", "told"),
    [
        ((), "medium", [("team", ("ops", "hook"))]),
        ((), "critical", [("team", ("pager", "ops"))]),
        ((), "Critical", [("team", ("pager", "ops"))]),
        ((), "never heard of", [("team", ("ops", "hook"))]),
        (("audit",), "low", [("audit", ("hook",))]),
        (("audit", "team", "audit"), "low", [("audit", ("hook",)), ("team", ("ops", "hook"))]),
        (("ghosts",), "low", [("team", ("ops", "hook"))]),
        (("audit", "ghosts"), "low", [("audit", ("hook",)), ("team", ("ops", "hook"))]),
        (("nobody",), "low", [("nobody", ())]),
    ],
)
def test_who_is_told(receivers, severity: str, told) -> None:
    one = notice(severity=severity, receivers=receivers)
    assert [(a.letter.receiver, a.channels) for a in addressed(one, file())] == told


def test_receivers_that_are_not_in_the_file_are_known_as_such() -> None:
    assert unknown(notice(receivers=("audit", "ghosts")), file()) == ("ghosts",)


def test_a_route_may_take_some_kinds_only() -> None:
    text = FILE.replace("severities: [critical]", "kinds: [escalated, resolved]")
    told = {kind: addressed(notice(kind=kind), file(text))[0].channels[0] for kind in
            ("acting", "escalated", "resolved", "storm")}  # fmt: skip
    assert told == {"acting": "ops", "escalated": "pager", "resolved": "pager", "storm": "ops"}
