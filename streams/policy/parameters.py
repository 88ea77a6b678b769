"""Parameters of actions and probes, as `schemas.actions` has them: read by type, sent as text."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace

from yaml.nodes import Node, ScalarNode

from schemas.parameters import LINE_FORM, NUMBER_FORM, QUANTITY_FORM, Parameter, ParameterType
from schemas.probes import PROBE_TIMEOUT_MS_MAX
from streams.policy.selectors import LABELS
from streams.reading.nodes import Reading
from streams.reading.shapes import TEXT, WORDS, Found, Key, Shape, checked, duration, made, record

URL_CHARS_MAX = 2_048


def parameters(
    of: str, known: Mapping[str, Parameter], one_of: tuple[str, ...]
) -> Shape[dict[str, str]]:
    def build(found: Found) -> dict[str, str]:
        given = {name: value for name, value in found.all().items() if name in found}
        if one_of and len(given.keys() & set(one_of)) != 1:
            found.reading.fault(found.node, f"{of} needs exactly one of {' and '.join(one_of)}")
        return given

    keys = {name: _key(parameter) for name, parameter in known.items()}
    return record(f"the parameters of {of}", keys, build)


def _key(parameter: Parameter) -> Key:
    shape = _SHAPES[parameter.type]
    if parameter.required:
        return Key(shape, parameter.purpose)
    return Key(shape, parameter.purpose, None)


def _number(form: str, what: str, json_type: str) -> Shape[str]:
    def read(reading: Reading, node: Node) -> str:
        plain = isinstance(node, ScalarNode) and not node.style
        if not plain or not re.fullmatch(form, node.value):
            reading.fault(node, f"expected a {what}")
            return "0"
        return str(node.value)

    return Shape(read, {"type": json_type})


def _line(reading: Reading, node: Node, text: str) -> None:
    if not re.fullmatch(LINE_FORM, text):
        reading.fault(node, f"expected a {ParameterType.LINE}")


def _quantity(reading: Reading, node: Node, text: str) -> None:
    if not re.fullmatch(QUANTITY_FORM, text):
        reading.fault(node, f"expected a {ParameterType.QUANTITY}")


def _url(reading: Reading, node: Node, text: str) -> None:
    if not re.fullmatch(r"https?://[^/\s@]+(/\S*)?", text) or len(text) > URL_CHARS_MAX:
        reading.fault(node, "expected an address that begins with http:// or https://")


_SHAPES: Mapping[ParameterType, Shape[str]] = {
    ParameterType.INT: _number("-?(0|[1-9][0-9]{0,8})", ParameterType.INT, "integer"),
    ParameterType.NUMBER: _number(NUMBER_FORM, ParameterType.NUMBER, "number"),
    ParameterType.TEXT: WORDS,
    ParameterType.LINE: replace(
        checked(TEXT, _line), schema={"type": "string", "pattern": f"^{LINE_FORM}$"}
    ),
    ParameterType.QUANTITY: replace(
        checked(TEXT, _quantity), schema={"type": "string", "pattern": f"^{QUANTITY_FORM}$"}
    ),
    ParameterType.URL: checked(WORDS, _url),
    ParameterType.DURATION: made(duration(most_ms=PROBE_TIMEOUT_MS_MAX), str),
    ParameterType.LABELS: made(LABELS, lambda labels: json.dumps(labels, sort_keys=True)),
}
