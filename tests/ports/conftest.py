"""The same suite on every site: the fake, the sandbox and, with `make test-cluster`, a real one.

Where MENDLOG_TEST_KUBECONFIG and MENDLOG_TEST_CONTEXT name a cluster, that is the real one.
"""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.control_plane.credentials import CONTEXT
from deploy.sandbox.control_plane.handle import ControlPlane
from deploy.sandbox.control_plane.identities import executor_rules
from remediators.settings import ClusterAddress
from tests.ports.rollout_definition import taught
from tests.ports.sites import Site, api_site, at_url, fake_site, in_context

OTHER_KUBECONFIG = os.environ.get("MENDLOG_TEST_KUBECONFIG", "")
OTHER_CONTEXT = os.environ.get("MENDLOG_TEST_CONTEXT", "")
REAL = pytest.param("real", marks=() if OTHER_CONTEXT else pytest.mark.control_plane)


@pytest.fixture(scope="package")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def executor(control_plane: ControlPlane) -> Path:
    """Its kubeconfig, with the rights of `mendlog executor rights` and no other."""
    return control_plane.identity("executor", executor_rules())


@pytest.fixture(scope="session")
def rollouts(request: pytest.FixtureRequest) -> Iterator[None]:
    """The real one keeps them."""
    if OTHER_CONTEXT:
        configuration = in_context(OTHER_KUBECONFIG, OTHER_CONTEXT)()
    else:
        plane = request.getfixturevalue("control_plane")
        configuration = in_context(str(plane.kubeconfig), CONTEXT)()
    with taught(configuration):
        yield


@pytest_asyncio.fixture(params=("fake", "sandbox", REAL))
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    match request.param:
        case "fake":
            opened = fake_site()
        case "sandbox":
            url = request.getfixturevalue("sandbox").url
            opened = api_site(ClusterAddress(url=url), at_url(url))
        case _ if OTHER_CONTEXT:
            request.getfixturevalue("rollouts")
            address = ClusterAddress(context=OTHER_CONTEXT, kubeconfig=OTHER_KUBECONFIG)
            opened = api_site(address, in_context(OTHER_KUBECONFIG, OTHER_CONTEXT))
        case _:
            request.getfixturevalue("rollouts")
            ours = str(request.getfixturevalue("executor"))
            theirs = str(request.getfixturevalue("control_plane").kubeconfig)
            address = ClusterAddress(context=CONTEXT, kubeconfig=ours)
            opened = api_site(address, in_context(theirs, CONTEXT))
    async with opened as made:
        yield made
