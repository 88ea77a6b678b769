"""Policies for timelines: `QUICK`, and what a test adds to it or changes in it."""

from tests.builders import QUICK

VERIFY = "verify: {first_check: 10s, every: 5s, hold: 10s, deadline: 60s, probes: [rollout]}"


def quick(*more: str, steps: str = "", **changes: str) -> str:
    """QUICK with further sections, other steps, and other limits (`cooldown="1ms"`)."""
    text = QUICK
    if steps:
        head, _, _ = text.partition("    steps:\n")
        text = f"{head}    steps:\n{steps}"
    for key, value in changes.items():
        text = _with(text, key, value)
    return text + "".join(f"{section.strip()}\n" for section in more)


def _with(text: str, key: str, value: str) -> str:
    lines = [line for line in text.splitlines() if not line.startswith(f"  {key}: ")]
    at = lines.index("limits:") + (2 if key != "preset" else 1)
    return "\n".join([*lines[:at], f"  {key}: {value}", *lines[at:]]) + "\n"


def step(action: str = "restart", *more: str, dwell: str = "0s", verify: str = VERIFY) -> str:
    lines = [f"action: {action}", f"dwell: {dwell}", verify, *more]
    return "      - " + "\n        ".join(lines) + "\n"


ESCALATE = "      - action: escalate\n"
CATALOGUE = """
services:
  - {name: cart, match: ['deployment="cart"'], depends_on: [checkout]}
  - {name: checkout, match: ['deployment="checkout"'], depends_on: [db]}
  - {name: db, match: ['deployment="db"']}
"""
CORRELATED = """
correlation:
  key: [correlation_id]
  dependencies_within: 10m
  nodes: {match: ['alertname="NodeDown"'], label: node}
  change_within: 30m
"""
