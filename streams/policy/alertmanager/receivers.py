"""Alertmanager's receivers: their names, and what Alertmanager would refuse in them.

What a receiver sends and where is the notifier's business; here the names count, and a policy is
made only of a file that Alertmanager would run.
"""

import re
from dataclasses import dataclass

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from streams.policy.alertmanager.document import is_null
from streams.reading.nodes import Reading

INTEGRATION = "_configs"
_NEEDED: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "discord": ((("webhook_url", "webhook_url_file"), ""),),
    "email": ((("to",), ""), (("smarthost",), "smtp_"), (("from",), "smtp_")),
    "incidentio": ((("url", "url_file"), ""),),
    "jira": ((("project",), ""), (("issue_type",), ""), (("api_url",), "jira_")),
    "mattermost": ((("webhook_url", "webhook_url_file"), "mattermost_"),),
    "msteams": ((("webhook_url", "webhook_url_file"), ""),),
    "msteamsv2": ((("webhook_url", "webhook_url_file"), ""),),
    "opsgenie": ((("api_key", "api_key_file"), "opsgenie_"),),
    "pagerduty": ((("routing_key", "service_key", "routing_key_file", "service_key_file"), ""),),
    "pushover": ((("user_key", "user_key_file"), ""), (("token", "token_file"), "")),
    "rocketchat": (
        (("token", "token_file"), "rocketchat_"),
        (("token_id", "token_id_file"), "rocketchat_"),
    ),
    "slack": ((("api_url", "api_url_file", "app_token", "app_token_file"), "slack_"),),
    "sns": ((("target_arn", "topic_arn", "phone_number"), ""),),
    "telegram": (
        (("chat_id", "chat_id_file"), ""),
        (("bot_token", "bot_token_file"), "telegram_"),
    ),
    "victorops": ((("routing_key",), ""), (("api_key", "api_key_file"), "victorops_")),
    "webex": ((("room_id",), ""), (("http_config",), "")),
    "webhook": ((("url", "url_file"), ""),),
    "wechat": ((("api_secret", "api_secret_file"), "wechat_"), (("corp_id",), "wechat_api_")),
}
"""For each integration: keys of which one is needed, and the prefix that they have in `global`, if
they may stand there instead."""
_ADDRESSES = frozenset({"api_url", "webhook_url", "url"})
_ADDRESS = re.compile("https?://[^/?#]+.*", re.DOTALL)
_SECRET = "<secret>"
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*):[^:\[\]]+")


@dataclass(frozen=True, slots=True)
class Receiver:
    name: str
    line: int
    integrations: tuple[str, ...]
    """Such as `slack_configs`, once for each."""
    node: Node


def read_receivers(
    reading: Reading, node: Node | None, settings: dict[str, Node]
) -> tuple[Receiver, ...]:
    """`settings` is what stands under `global`."""
    _refuse_doubled(reading, settings)
    _check_host(reading, settings, "smtp_smarthost")
    found: dict[str, Receiver] = {}
    for item in _items(reading, node):
        receiver = _receiver(reading, item, settings)
        if receiver.name in found:
            reading.fault(item, f"a second receiver named {receiver.name!r}")
        found[receiver.name] = receiver
    return tuple(found.values())


def _receiver(reading: Reading, node: Node, settings: dict[str, Node]) -> Receiver:
    fields = entries(node)
    name = fields.get("name", node)
    if not isinstance(node, MappingNode):
        reading.fault(node, "expected the keys of a receiver")
    elif not isinstance(name, ScalarNode) or not name.value.strip():
        reading.fault(node, "a receiver needs 'name'")
    integrations = []
    for key in sorted(fields):
        if key.endswith(INTEGRATION):
            items = _items(reading, fields[key])
            integrations += [key] * len(items)
            for item in items:
                _check(reading, item, key.removesuffix(INTEGRATION), settings)
    text = name.value if isinstance(name, ScalarNode) else ""
    return Receiver(text, node.start_mark.line + 1, tuple(integrations), name)


def _check(reading: Reading, node: Node, kind: str, settings: dict[str, Node]) -> None:
    fields = entries(node)
    _refuse_doubled(reading, fields)
    for names, prefix in _NEEDED.get(kind, ()):
        elsewhere = [prefix + name for name in names] if prefix else []
        if not any(_said(fields, n) for n in names) and not any(
            _said(settings, n) for n in elsewhere
        ):
            reading.fault(node, f"{kind}{INTEGRATION} needs {' or '.join([*names, *elsewhere])}")
    _check_host(reading, fields, "smarthost")
    for name in _ADDRESSES & fields.keys():
        value = fields[name].value
        known = value == _SECRET or (isinstance(value, str) and "{{" in value)
        if not known and not (isinstance(value, str) and _ADDRESS.fullmatch(value)):
            reading.fault(fields[name], f"{name}: expected an address with http:// or https://")


def _check_host(reading: Reading, fields: dict[str, Node], name: str) -> None:
    if _said(fields, name) and not _HOST_AND_PORT.fullmatch(str(fields[name].value)):
        reading.fault(fields[name], f"{name}: expected a host and a port, such as mail:25")


def _refuse_doubled(reading: Reading, fields: dict[str, Node]) -> None:
    """A secret is written here or in a file of its own."""
    for name in fields:
        if name.endswith("_file") and _said(fields, name) and _said(fields, name[: -len("_file")]):
            reading.fault(fields[name], f"only one of {name[: -len('_file')]} and {name}")


def _said(fields: dict[str, Node], name: str) -> bool:
    return name in fields and fields[name].value not in ("", [])


def entries(node: Node | None) -> dict[str, Node]:
    """The keys of a mapping that have a value."""
    if not isinstance(node, MappingNode):
        return {}
    return {key.value: value for key, value in node.value if not is_null(value)}


def _items(reading: Reading, node: Node | None) -> list[Node]:
    if node is None:
        return []
    if not isinstance(node, SequenceNode):
        reading.fault(node, "expected a list")
        return []
    return list(node.value)
