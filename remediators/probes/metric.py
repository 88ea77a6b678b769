"""Metric: is a value that a service exposes of itself beyond a threshold?"""

import asyncio
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from remediators.core.page import NoPage, Page
from remediators.core.parameters import labels
from remediators.probes import threshold
from remediators.probes.sight import Sight, Verdict, untold
from remediators.probes.timeout import timeout_ms

LINE_CHARS_MAX = 16_384
"""The parser's time grows with the square of a line's length."""


async def probe(parameters: Mapping[str, str], sight: Sight) -> Verdict:
    page = await sight.outlook.pages.get(parameters["url"], timeout_ms(parameters))
    if isinstance(page, NoPage):
        return untold(page.why)
    # A thread, since a mebibyte of text takes long enough to hold up a heartbeat.
    return await asyncio.to_thread(judged, page, parameters)


def judged(page: Page, parameters: Mapping[str, str]) -> Verdict:
    if page.status != 200 or page.cut:
        return untold(page.cut or f"answered {page.status}, not 200")
    wanted = labels(parameters.get("labels", "{}")) or {}
    try:
        values = _values(page.body.decode(), parameters["metric"], wanted)
    except Exception as fault:  # a parser on a stranger's text may fail in any way
        return untold(f"the metrics cannot be read: {type(fault).__name__}")
    return threshold.judged(values, parameters)


def _values(text: str, name: str, wanted: Mapping[str, str]) -> list[float]:
    if any(len(line) > LINE_CHARS_MAX for line in text.splitlines()):
        raise ValueError("a line that is too long")
    return [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and wanted.items() <= sample.labels.items()
    ]
