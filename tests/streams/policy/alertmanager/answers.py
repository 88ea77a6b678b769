"""The judge's answers, as they are kept: short, and with the digest of what was asked."""

import hashlib
import json
from pathlib import Path
from typing import Any

from streams.policy.alertmanager.keys import path
from tests.streams.policy.alertmanager import judge
from tests.streams.policy.alertmanager.questions import (
    VALUES,
    cases,
    duration_texts,
    matcher_texts,
    refused,
)

FILE = Path(__file__).parent / "answers.json"


def asked_again() -> dict[str, Any]:
    texts, spans, files = matcher_texts(), duration_texts(), refused()
    questions: list[dict[str, Any]] = [{"matchers": texts, "values": VALUES}, {"durations": spans}]
    questions += [{"config": text} for text in files.values()]
    questions += [case.question() for case in cases()]
    lists, durations, *rest = judge.ask(questions)
    return {
        "alertmanager": judge.version(),
        "asked": digest_of_questions(),
        "durations": durations,
        "matchers": [short_matchers(found) for found in lists],
        "refused": dict(zip(files, (answer["error"] for answer in rest), strict=False)),
        "configs": {
            case.name: short(answer)
            for case, answer in zip(cases(), rest[len(files) :], strict=True)
        },
    }


def short_matchers(found: list[dict[str, Any]] | None) -> list[list[str]] | None:
    """Label, operator, value, and which of the values it matches."""
    if found is None:
        return None
    return [[m["label"], m["op"], m["value"], bits(m["matches"])] for m in found]


def short(answer: dict[str, Any]) -> dict[str, Any]:
    """Each alert's routes as numbers in a list of what is told; of group labels the names."""
    assert "error" not in answer, answer
    kinds: list[list[Any]] = []
    told = []
    for routes in answer["routes"]:
        row = []
        for route in routes:
            kind = [
                route["receiver"],
                route["group_wait_ms"],
                route["group_interval_ms"],
                route["repeat_interval_ms"],
                route["mute"] or [],
                route["active"] or [],
            ]
            if kind not in kinds:
                kinds.append(kind)
            row.append([kinds.index(kind), " ".join(sorted(route["group_labels"]))])
        told.append(row)
    contains = {name: bits(found) for name, found in sorted(answer["contains"].items())}
    return {
        "kinds": kinds,
        "told": told,
        "inhibited": bits(answer["inhibited"]),
        "contains": contains,
    }


def bits(found: list[bool]) -> str:
    return "".join("1" if bit else "0" for bit in found)


def digest_of_questions() -> str:
    asked = json.dumps(
        [
            VALUES,
            matcher_texts(),
            duration_texts(),
            refused(),
            [case.question() for case in cases()],
        ]
    )
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def write_keys() -> None:
    (found,) = judge.ask([{"keys": True}])
    rows = (f"  {json.dumps(t)}: {json.dumps(keys, sort_keys=True)}" for t, keys in found.items())
    path().write_text("{\n" + ",\n".join(sorted(rows)) + "\n}\n")


def write(found: dict[str, Any]) -> None:
    """A line for each configuration, so that a diff can be read."""
    lines = []
    for key, value in found.items():
        rows = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if isinstance(value, dict):
            inner = ",\n".join(
                f" {json.dumps(k)}:" + json.dumps(v, ensure_ascii=False, separators=(",", ":"))
                for k, v in value.items()
            )
            rows = "{\n" + inner + "\n}"
        lines.append(f"{json.dumps(key)}:{rows}")
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
