"""docs/routing.md says what is so."""

import re
from pathlib import Path

from streams.core.routing import Route, group_labels, routes_for
from streams.policy.alertmanager.convert import FIRST
from streams.policy.load import compile_policy

PAGE = Path("docs/routing.md").read_text()
(EXAMPLE,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
ROWS = re.findall(r"^\| `(alertname=[^|]*)` \| ([^|]*) \| ([^|]*) \|$", PAGE, re.MULTILINE)


def test_the_table_is_what_the_example_does() -> None:
    root = compile_policy(FIRST + EXAMPLE).route
    assert len(ROWS) == 4
    for written, told, groups in ROWS:
        labels = dict(pair.split("=") for pair in written.split())
        routes = routes_for(root, labels)
        assert [route.receiver for route in routes] == re.findall(r"`(\w+)`", told)
        assert ("not at night" in told) is any("nights" in route.mute for route in routes)
        assert [group(route, labels) for route in routes if group(route, labels)] == re.findall(
            "`([^`]*=[^`]*)`", groups
        )


def group(route: Route, labels: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in group_labels(route, labels).items())
