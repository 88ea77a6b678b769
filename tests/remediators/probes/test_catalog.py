"""Probes against services that answer rightly, wrongly, strangely and not at all."""

import json

import pytest

from remediators.core.page import Page
from remediators.core.query import Query
from remediators.core.reply import Reply
from remediators.ports import Outlook
from remediators.probes import catalog
from remediators.probes.asked import Asked
from remediators.probes.sight import Sight
from schemas.remediation import Check
from tests.fakes import FakePages
from tests.remediators.builders import TARGET, workload

URL = "http://checkout.shop.svc:8080/healthz"


async def nobody(_: Query) -> Reply:
    pytest.fail("nobody needs more than the target")


async def check(kind: str, page: Page | None, **parameters: str) -> Check:
    pages = FakePages()
    if page is not None:
        pages.answers = {URL: page, "up": page}

    async def look():
        return workload()

    sight = Sight(TARGET, look, Outlook(pages, {TARGET.cluster: pages}), nobody)
    return await catalog.run(Asked("mine", kind, parameters), sight)


async def test_it_answers_under_the_name_it_was_given():
    assert await check("http", Page(200), url=URL) == Check("mine", True, "answered 200")


async def test_a_probe_of_a_later_release_cannot_be_told():
    assert (await check("latency", None)).passed is None


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("rollout", {"url": URL}),
        ("http", {}),
        ("http", {"url": "file:///etc/passwd"}),
        ("http", {"url": URL, "status": "2xx"}),
        ("http", {"url": URL, "timeout": "0"}),
        ("http", {"url": URL, "timeout": "30001"}),
        ("http", {"url": URL, "follow": "yes"}),
        ("promql", {"query": "up"}),
        ("promql", {"query": "up", "above": "1", "below": "2"}),
        ("promql", {"query": "up", "above": "nan"}),
        ("promql", {"query": "up", "above": "1e3"}),
        ("promql", {"query": "up" * 5_000, "above": "1"}),
        ("metric", {"url": URL, "metric": "m", "above": "1", "labels": '{a="b"}'}),
        ("metric", {"url": URL, "metric": "m", "above": "1", "labels": '{"a": 1}'}),
        ("metric", {"url": URL, "metric": "m", "above": "1", "labels": "[" * 5_000}),
    ],
)
async def test_parameters_that_are_not_as_declared_ask_nobody(kind, parameters):
    found = await check(kind, Page(200), **parameters)
    assert found.passed is None
    assert found.detail


@pytest.mark.parametrize(
    ("page", "more", "passed"),
    [
        (Page(200), {}, True),
        (Page(503), {}, False),
        (Page(302), {}, False),
        (Page(302), {"status": "302"}, True),
        (Page(200, b"all is well"), {"contains": "well"}, True),
        (Page(200, b"all is well"), {"contains": "ill"}, False),
        (Page(200, b"\xff well"), {"contains": "well"}, None),
        (Page(200, cut="too much"), {}, None),
        (Page(500, cut="too much"), {}, False),
        (None, {}, None),
    ],
)
async def test_http(page, more, passed):
    assert (await check("http", page, url=URL, **more)).passed is passed


def vector(*values: object) -> Page:
    series = [{"metric": {}, "value": [1700000000, value]} for value in values]
    return answer("vector", series)


def answer(kind: str, result: object, **more: object) -> Page:
    body = {"status": "success", "data": {"resultType": kind, "result": result}, **more}
    return Page(200, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("page", "passed"),
    [
        pytest.param(vector("0.01"), True, id="below"),
        pytest.param(vector("0.05"), False, id="exactly there is not below"),
        pytest.param(vector("7"), False, id="far above"),
        pytest.param(answer("scalar", [1, "0"]), True, id="scalar"),
        pytest.param(vector(), None, id="no series"),
        pytest.param(vector("0", "0"), None, id="two series"),
        pytest.param(vector("NaN"), None, id="nan"),
        pytest.param(vector("-Inf"), None, id="infinite"),
        pytest.param(vector(0.01), None, id="a value that is no text"),
        pytest.param(vector("low"), None, id="a value that is no number"),
        pytest.param(answer("matrix", []), None, id="matrix"),
        pytest.param(answer("string", [1, "0"]), None, id="string"),
        pytest.param(answer("vector", [{}]), None, id="no value"),
        pytest.param(answer("vector", [{"value": [1, "0"]}], warnings=["p"]), None, id="partial"),
        pytest.param(Page(200, b'{"status":"error"}'), None, id="failed"),
        pytest.param(Page(422, b"{}"), None, id="bad query"),
        pytest.param(Page(200, b"[" * 100_000), None, id="deep"),
        pytest.param(Page(200, b"[]"), None, id="no object"),
        pytest.param(Page(200, b"\xff"), None, id="not utf-8"),
        pytest.param(Page(200, b"{}", cut="late"), None, id="cut"),
        pytest.param(None, None, id="no answer"),
    ],
)
async def test_promql(page, passed):
    assert (await check("promql", page, query="up", below="0.05")).passed is passed


async def test_without_a_prometheus_nothing_can_be_told():
    outlook = Outlook(FakePages(), {})
    sight = Sight(TARGET, lambda: pytest.fail("nobody needs the target"), outlook, nobody)
    asked = Asked("mine", "promql", {"query": "up", "above": "0"})
    assert (await catalog.run(asked, sight)).passed is None


EXPOSED = b"""\
# HELP checkout_requests_total Requests.
# TYPE checkout_requests_total counter
checkout_requests_total{status="200",route="/pay"} 12
checkout_requests_total{status="500",route="/pay"} 3
checkout_heap_bytes 1.5e6
checkout_heap_bytes_max NaN
"""


@pytest.mark.parametrize(
    ("metric", "labels", "passed"),
    [
        ("checkout_heap_bytes", {}, True),
        ("checkout_heap_bytes_max", {}, None),
        ("checkout_heap", {}, None),
        ("checkout_requests_total", {}, None),
        ("checkout_requests_total", {"route": "/pay"}, None),
        ("checkout_requests_total", {"status": "500"}, False),
        ("checkout_requests_total", {"status": "200"}, True),
        ("checkout_requests_total", {"status": "404"}, None),
    ],
)
async def test_metric(metric, labels, passed):
    more = {"labels": json.dumps(labels)} if labels else {}
    found = await check("metric", Page(200, EXPOSED), url=URL, metric=metric, above="10", **more)
    assert found.passed is passed


@pytest.mark.parametrize(
    "page",
    [
        Page(404, EXPOSED),
        Page(200, EXPOSED, cut="late"),
        Page(200, EXPOSED + b"\xff"),
        Page(200, b"checkout_heap_bytes{ 3"),
        Page(200, b"checkout_heap_bytes many"),
        Page(200, b"<html>checkout_heap_bytes 12</html>"),
        Page(200, b"checkout_heap_bytes 12\ncheckout_heap_bytes 12\n"),
        Page(200, b'checkout_heap_bytes{a="' + b'\\"' * 500_000 + b'"} 12'),
        Page(200, b""),
        None,
    ],
)
async def test_metrics_that_tell_nothing(page):
    found = await check("metric", page, url=URL, metric="checkout_heap_bytes", above="10")
    assert found.passed is None


@pytest.mark.parametrize(("value", "passed"), [("-1.5", True), ("1.5", False)])
async def test_thresholds_may_be_negative_and_broken(value, passed):
    found = await check("promql", vector("0"), query="up", above=value)
    assert found.passed is passed


async def test_details_repeat_nothing_that_a_stranger_said():
    secret = "hunter2"
    pages = [
        ("http", Page(200, secret.encode()), {"url": URL, "contains": "x"}),
        ("promql", Page(400, secret.encode()), {"query": "up", "above": "1"}),
        ("promql", answer(secret, []), {"query": "up", "above": "1"}),
        ("metric", Page(200, secret.encode()), {"url": URL, "metric": "m", "above": "1"}),
    ]
    for kind, page, parameters in pages:
        found = await check(kind, page, **parameters)
        assert secret not in found.detail
