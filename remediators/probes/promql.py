"""Promql: does an instant query give one value, beyond a threshold?"""

import json
from collections.abc import Mapping
from typing import Any

from remediators.core.page import NoPage, Page
from remediators.probes import threshold
from remediators.probes.sight import Sight, Verdict, untold
from remediators.probes.timeout import timeout_ms


async def probe(parameters: Mapping[str, str], sight: Sight) -> Verdict:
    prometheus = sight.outlook.prometheus.get(sight.target.cluster)
    if prometheus is None:
        return untold("this executor has no Prometheus of that cluster")
    page = await prometheus.query(parameters["query"], timeout_ms(parameters))
    if isinstance(page, NoPage):
        return untold(page.why)
    return judged(page, parameters)


def judged(page: Page, parameters: Mapping[str, str]) -> Verdict:
    if page.status != 200 or page.cut:
        return untold(page.cut or f"Prometheus answered {page.status}")
    try:
        values = _values(json.loads(page.body))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return untold("an answer that is not Prometheus's")
    return untold(values) if isinstance(values, str) else threshold.judged(values, parameters)


def _values(answer: Any) -> list[float] | str:
    """Or, in words, why the answer does not count. With a warning, part of it may be missing."""
    if answer["status"] != "success" or answer.get("warnings"):
        return "the query failed, or its answer is partial"
    kind, result = answer["data"]["resultType"], answer["data"]["result"]
    match kind:
        case "vector":
            return [_float(series["value"]) for series in result]
        case "scalar":
            return [_float(result)]
    return "the query gives neither a vector nor a scalar"


def _float(sample: Any) -> float:
    """A time and, as text, a value."""
    _, text = sample
    if not isinstance(text, str):
        raise TypeError(text)
    return float(text)
