"""What editors are told is what the reader reads."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.policy.limits import LIMITS
from streams.policy.load import POLICY, compile_policy
from streams.policy.schema import SCHEMA, written
from streams.reading.faults import FileError
from tests.streams.policy.texts import QUICK, WHOLE, changed

ROOT = Path(__file__).parents[3]
KNOWN = {
    *("$schema", "$ref", "title", "description", "definitions", "enumDescriptions"),
    *("type", "properties", "required", "additionalProperties", "items", "minItems"),
    *("minLength", "pattern", "minimum", "maximum", "enum", "oneOf", "anyOf"),
}
TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


def errors(schema: dict[str, Any], value: Any, at: str = "") -> Iterator[str]:
    """The part of JSON Schema that ours is written in."""
    assert schema.keys() <= KNOWN, schema.keys() - KNOWN
    if "$ref" in schema:
        yield from errors(SCHEMA["definitions"][schema["$ref"].split("/")[-1]], value, at)
        return
    for word, enough in (("oneOf", lambda n: n == 1), ("anyOf", bool)):
        if word in schema and not enough(
            sum(not list(errors(one, value, at)) for one in schema[word])
        ):
            yield f"{at}: not {word}"
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(_is(value, kind) for kind in types):
        yield f"{at}: not {types}: {value!r}"
        return
    yield from _in_object(schema, value, at)
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{at}: too few"
        for nth, item in enumerate(value):
            yield from errors(schema.get("items", {}), item, f"{at}/{nth}")
    if isinstance(value, str):
        if not re.search(schema.get("pattern", ""), value):
            yield f"{at}: {value!r} is not as {schema['pattern']}"
        if len(value) < schema.get("minLength", 0):
            yield f"{at}: too short"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    if "minimum" in schema and not schema["minimum"] <= value <= schema["maximum"]:
        yield f"{at}: {value} is out of range"


def _is(value: Any, kind: str) -> bool:
    is_bool = isinstance(value, bool)
    return isinstance(value, TYPES[kind]) and is_bool is (kind == "boolean")


def _in_object(schema: dict[str, Any], value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    for name in schema.get("required", []):
        if name not in value:
            yield f"{at}: lacks {name}"
    others = schema.get("additionalProperties", {})
    for name, inner in value.items():
        known = schema.get("properties", {}).get(name, others)
        if known is False:
            yield f"{at}: does not know {name}"
        else:
            yield from errors(known, inner, f"{at}/{name}")


def judged(text: str) -> list[str]:
    return list(errors(SCHEMA, yaml.safe_load(text)))


def test_the_published_schema_is_the_readers() -> None:
    path = ROOT / "docs/policy.schema.json"
    assert path.read_text() == written(), "python -m deploy.docs"


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        QUICK,
        (ROOT / "deploy/sandbox/policies/demo.yaml").read_text(),
        (ROOT / "bench/policy.yaml").read_text(),
    ],
    ids=["whole", "quick", "demo", "bench"],
)
def test_policies_that_read_are_valid(text: str) -> None:
    assert judged(text) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("preset: production-1", "burst: 3"),
        ("preset: production-1", "preset: production-1\n  share_percent: 101"),
        ("preset: production-1", "preset: production-2"),
        ("namespaces: [shop]", "namespaces: shop"),
        ("receiver: ops\n", "reciever: ops\n"),
        ("dwell: 2m", "dwell: 2"),
        ("mode: dry-run", "mode: sometimes"),
        ("- action: restart", "- action: reboot"),
        ("{by: 1, max: 10}", "{by: 1}"),
        ("{by: 1, max: 10}", "{by: 1, max: ten}"),
        ("            - rollout", "            - smoke"),
        ("        approval: always", "        aproval: always"),
        ("approval: always", "approval: sometimes"),
        ("match: ['alertname=\"HighErrors\"']", "match: []"),
        ("    mode: approve\n", ""),
    ],
)
def test_what_an_editor_can_underline(old: str, new: str) -> None:
    assert judged(changed(old, new))


def test_an_editor_never_underlines_what_reads() -> None:
    words = re.findall(r"[\w.-]+|\s+|.", WHOLE)
    others = sorted({word for word in words if word.strip()})
    read = 0
    for at in range(len(words)):
        text = "".join([*words[:at], others[at * 31 % len(others)], *words[at + 1 :]])
        try:
            compile_policy(text)
        except FileError:
            continue
        assert judged(text) == []
        read += 1
    assert read > 50


def test_every_key_says_what_it_is_for() -> None:
    described = SCHEMA["properties"]
    assert set(described) == set(POLICY.schema["properties"])
    for name, inner in [*described.items(), *described["limits"]["properties"].items()]:
        assert inner.get("description"), name
    assert set(LIMITS) < set(described["limits"]["properties"])
