"""What is told of an action stands on its target: on the sandbox, and on a real API server."""

import uuid
from typing import Any

import pytest

from deploy.sandbox.processes import wait_until
from remediators.adapters.kubernetes.client import ApiServer
from remediators.adapters.kubernetes.events import EventHerald
from remediators.core.marker import marker_of
from remediators.core.seen import Seen
from schemas.actions import CORDON
from schemas.kinds import NODE
from schemas.remediation import Command, OutcomeStatus, Target
from tests.ports.conftest import REAL
from tests.ports.sites import PATIENT_S, ApiSite
from tests.remediators.builders import command, outcome

pytestmark = pytest.mark.parametrize("site", ["sandbox", REAL], indirect=True)
WITHIN_S = 30.0


async def order_on(site: ApiSite, target: Target, **more: Any) -> Command:
    seen = await site.cluster.look(target)
    assert isinstance(seen, Seen), seen
    bound = {"uid": seen.uid, "generation": seen.generation, "marker": marker_of(seen)}
    return command(**{**bound, "cluster": target.cluster, "target": target, **more})


def tell(site: ApiSite, order: Command, status: OutcomeStatus, **more: str) -> dict[str, int]:
    ends: dict[str, int] = {}

    def count(end: str) -> None:
        ends[end] = ends.get(end, 0) + 1

    server = ApiServer(site.address, PATIENT_S, 1)
    herald = EventHerald({order.cluster: server}, "contract", count)
    herald.tell(order, outcome(order, status, **more))
    wait_until(lambda: bool(ends), timeout_s=WITHIN_S, what="the event to be told")
    herald.close()
    return ends


async def test_an_action_is_told_on_its_target(site: ApiSite):
    order = await order_on(site, site.target)
    assert tell(site, order, OutcomeStatus.APPLIED) == {"told": 1}
    (event,) = (e for e in site.events_of(site.target) if e.reason == "RestartApplied")
    assert event.involved_object.uid == order.uid
    assert (event.type, event.message, event.count) == ("Normal", "restart applied", 1)
    assert event.reporting_component == "mendlog.io/executor"


async def test_a_refusal_is_a_warning_with_its_reason(site: ApiSite):
    order = await order_on(site, site.target)
    why = {"reason": "too_few_healthy", "detail": "1 of 3 ready pods would be left, 2 needed"}
    tell(site, order, OutcomeStatus.REJECTED, **why)
    (event,) = (e for e in site.events_of(site.target) if e.reason == "RestartRefused")
    assert event.type == "Warning"
    assert event.message == (
        "restart rejected: too_few_healthy: 1 of 3 ready pods would be left, 2 needed"
    )


async def test_what_is_in_no_namespace_is_told_of_in_default(site: ApiSite):
    target = await site.makes(NODE, f"contract-{uuid.uuid4().hex[:8]}", {})
    order = await order_on(site, target, action=CORDON)
    assert tell(site, order, OutcomeStatus.APPLIED) == {"told": 1}
    (event,) = (e for e in site.events_of(target) if e.reason == "CordonApplied")
    assert (event.metadata.namespace, event.involved_object.kind) == ("default", NODE)


async def test_of_what_is_gone_it_is_told_all_the_same(site: ApiSite):
    order = await order_on(site, site.target)
    await site.deletes()
    assert tell(site, order, OutcomeStatus.UNKNOWN, reason="no_answer") == {"told": 1}
