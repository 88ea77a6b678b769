"""What the on-call services have in common: priorities, and details in their senders' words."""

from collections.abc import Mapping

from streams.ingest.formats.label_names import label_name

CRITICAL, WARNING, INFO = SEVERITIES = ("critical", "warning", "info")
OF_PRIORITY = {"P1": CRITICAL, "P2": CRITICAL, "P3": WARNING, "P4": WARNING, "P5": INFO}
DETAIL_LENGTH_MAX = 256


def details(given: object) -> dict[str, str]:
    """Those that are words to match on. Numbers are measurements, and more than a line is a text
    for people."""
    if not isinstance(given, Mapping):
        return {}
    return {
        label_name(name): value
        for name, value in given.items()
        if isinstance(value, str)
        and label_name(name)
        and value
        and len(value) <= DETAIL_LENGTH_MAX
        and "\n" not in value
    }
