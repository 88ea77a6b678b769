"""What tells whether more was enough: an autoscaler's own account, and a claim's capacity."""

import uuid

from remediators.core.seen import Seen
from remediators.ports import Outlook
from remediators.probes import expanded, has_room
from remediators.probes.sight import Probe, Sight, Verdict
from schemas.actions import EXPAND_VOLUME, RAISE_MAX
from schemas.kinds import AUTOSCALER, STATEFUL_SET, STORAGE_CLASS
from schemas.remediation import Target
from tests.fakes import FakePages
from tests.ports.orders import act, look
from tests.ports.sites import Body, Site, autoscaler
from tests.ports.test_cluster import until


async def asked(site: Site, probe: Probe, seen: Seen) -> Verdict:
    """Of what was just seen: a controller may speak again meanwhile."""

    async def shown() -> Seen:
        return seen

    return await probe({}, Sight(seen.target, shown, Outlook(FakePages(), {}), site.cluster.find))


def account(replicas: int, limited: str, reason: str) -> Body:
    statuses = {"AbleToScale": "True", "ScalingActive": "True", "ScalingLimited": limited}
    at = "2026-01-01T00:00:00Z"
    return {
        "currentReplicas": replicas,
        "desiredReplicas": replicas,
        "currentMetrics": None,
        "conditions": [
            {"type": kind, "status": status, "reason": reason, "lastTransitionTime": at}
            for kind, status in statuses.items()
        ],
    }


async def told(site: Site, target: Target, status: Body) -> Seen:
    """Where a controller speaks of it too, until it has our word."""

    async def report() -> Seen:
        await site.reports(target, status)
        return await look(site, target)

    return await until(report, lambda seen: ours(seen, status))


def ours(seen: Seen, status: Body) -> bool:
    there, wanted = (
        {each["type"]: (each["status"], each["reason"]) for each in found["conditions"]}
        for found in (seen.body["status"], status)
    )
    return there == wanted


async def test_an_autoscaler_that_was_raised_has_room_when_it_says_so(site: Site):
    target = await site.makes(AUTOSCALER, "peak", autoscaler("peak", STATEFUL_SET))
    assert (await asked(site, has_room.probe, await look(site, target))).passed is None
    full = await told(site, target, account(3, "True", "TooManyReplicas"))
    assert (await asked(site, has_room.probe, full)).passed is False
    await act(site, full, RAISE_MAX, by="2", max="9")
    raised = await told(site, target, account(3, "True", "TooManyReplicas"))
    assert (await asked(site, has_room.probe, raised)).passed is False
    settled = await told(site, target, account(4, "False", "DesiredWithinRange"))
    assert (await asked(site, has_room.probe, settled)).passed is True
    full_again = await told(site, target, account(5, "False", "DesiredWithinRange"))
    assert (await asked(site, has_room.probe, full_again)).passed is False


async def test_a_claim_is_expanded_when_it_has_what_it_asks_for(site: Site):
    """No driver is here, so its capacity is told by hand, as that would."""
    name = f"contract-{uuid.uuid4().hex[:8]}"
    grows = {"provisioner": "example.com/disk", "allowVolumeExpansion": True}
    await site.makes(STORAGE_CLASS, name, grows)
    target = await site.claims("data-0", name, "10Gi")
    bound = await until(lambda: look(site, target), is_bound)
    assert (await asked(site, expanded.probe, bound)).passed is True
    await act(site, bound, EXPAND_VOLUME, max="1Ti")
    assert (await asked(site, expanded.probe, await look(site, target))).passed is False
    pending = {"type": "FileSystemResizePending", "status": "True"}
    await site.reports(target, {"capacity": {"storage": "12800Mi"}, "conditions": [pending]})
    assert (await asked(site, expanded.probe, await look(site, target))).passed is False
    await site.reports(target, {"conditions": None})
    verdict = await asked(site, expanded.probe, await look(site, target))
    assert verdict.passed is True, verdict


def is_bound(seen: Seen) -> bool:
    return bool(seen.body["status"].get("phase") == "Bound")
