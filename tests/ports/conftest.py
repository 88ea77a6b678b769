"""The same suite on every site that this machine has."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from deploy.sandbox.cluster.handle import Cluster
from remediators.settings import ClusterAddress
from tests.ports.sites import Site, api_site, at_url, fake_site, in_context

REAL_KUBECONFIG = os.environ.get("MENDLOG_TEST_KUBECONFIG", "")
REAL_CONTEXT = os.environ.get("MENDLOG_TEST_CONTEXT", "")
SITES = ("fake", "sandbox", *(("real",) if REAL_CONTEXT else ()))


@pytest.fixture(scope="package")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest_asyncio.fixture(params=SITES)
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    match request.param:
        case "fake":
            opened = fake_site()
        case "sandbox":
            url = request.getfixturevalue("sandbox").url
            opened = api_site(ClusterAddress(url=url), at_url(url))
        case _:
            address = ClusterAddress(context=REAL_CONTEXT, kubeconfig=REAL_KUBECONFIG)
            opened = api_site(address, in_context(REAL_KUBECONFIG, REAL_CONTEXT))
    async with opened as made:
        yield made
