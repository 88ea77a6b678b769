"""Every rail that says no, and what becomes of the incident then."""

from schemas import sightings
from schemas.controls import ControlKind
from schemas.remediation import Command, OutcomeReason, OutcomeStatus
from tests.builders import QUICK, START_MS, World, alert, ms, observation
from tests.golden.history import History, under
from tests.policies import CATALOGUE, ESCALATE, quick, step

ONE_STEP = quick(steps=step() + ESCALATE, breaker_straight="2", breaker_open="10m")


def _acts(world: World, deployment: str) -> None:
    """Up to an ACT that is under way."""
    world.fires(deployment=deployment)
    world.obeys(uid=deployment)


def _fails(world: World, deployment: str) -> None:
    _acts(world, deployment)
    world.disobeys()


@under(quick(burst="1"))
def burst(world: World) -> None:
    world.at("0s")
    _fails(world, "a")
    world.at("1s").fires(deployment="b")
    world.at("11s").ticks()


@under(quick(actions_per_minute="1"))
def rate_per_minute(world: World) -> None:
    world.at("0s")
    _fails(world, "a")
    world.at("11s").fires(deployment="b")


@under(quick(actions_per_hour="1"))
def rate_per_hour(world: World) -> None:
    world.at("0s")
    _fails(world, "a")
    world.at("2m").fires(deployment="b")


@under(quick(concurrent="1"))
def one_at_a_time(world: World) -> None:
    world.at("0s")
    _acts(world, "a")
    world.fires(deployment="b")


@under(QUICK.replace("by: [alertname, deployment]", "by: [alertname, deployment, team]"))
def one_target_of_two_incidents(world: World) -> None:
    """Locked while one acts; cooling down when it has."""
    world.at("0s").fires(team="x")
    world.at("1s").obeys()
    world.at("2s").fires(team="y")
    world.at("3s").disobeys()
    world.at("8s").ticks()


@under(quick(CATALOGUE).replace("by: [alertname, deployment]", "by: [alertname, pod]"))
def one_service_of_two_incidents(world: World) -> None:
    world.at("0s").fires(pod="a")
    world.at("1s").obeys()
    world.publishes(
        quick(CATALOGUE)
        .replace("by: [alertname, deployment]", "by: [alertname, pod]")
        .replace('name: "{deployment}"', 'name: "{pod}"')
    )
    world.at("2s").fires(pod="b")


def clock_jumps(world: World) -> None:
    world.at("0s").ticks()
    world.at("2m").ticks(host_at_ms=START_MS + ms("1s"))
    world.fires()


def what_the_look_forbids(world: World) -> None:
    """Each for another deployment, each for its own reason."""
    for n, seen in enumerate(
        (
            {"found": False, "uid": ""},
            {"paused_until": "2099-01-01T00:00:00+00:00"},
            {"owner": "Application/shop"},
            {"replicas_updated": 1},
            {"nodes": 6, "nodes_ready": 1},
            {"replicas_ready": 1, "unavailable_max": 1},
        )
    ):
        world.at(f"{n}s").fires(deployment=f"d{n}")
        world.obeys(**seen)


def late_looks(world: World) -> None:
    """One is of an hour ago; one came a minute after it was asked for."""
    world.at("0s").fires(deployment="a")
    look = world.every(Command)[-1]
    world.at("1s").hears(observation(look, START_MS - ms("1h")))
    world.at("2s").fires(deployment="b")
    world.at("1m2s").obeys()


@under(
    quick(
        "sources: {prometheus: {clusters: [eu-1], namespaces: [bank]}}",
        "severities: {critical: {remediate: true}, info: {remediate: false}}",
        "never: [['alertname=\"Billing\"']]",
    )
)
def not_for_us(world: World) -> None:
    """Outside of the source's scope; only to be told of; never automated."""
    world.at("0s").fires()
    world.publishes(
        quick(
            "severities: {critical: {remediate: true}, info: {remediate: false}}",
            "never: [['alertname=\"Billing\"']]",
        )
    )
    world.at("1s").fires(deployment="cart", severity="info")
    world.at("2s").fires("Billing")


def not_known(world: World) -> None:
    """A source that does not know is for people, beside what is known of the same workload."""
    world.at("0s").fires(no_data="error")
    world.at("1s").fires(pod="web-1")
    world.at("2s").clears(no_data="error")


def no_target(world: World) -> None:
    """No label, no target; a namespace that nobody allowed; no playbook."""
    world.at("0s").fires(deployment="")
    world.at("1s").fires(namespace="kube-system")
    world.at("2s").fires("Unmatched")


@under(
    quick(
        "watchdogs: [{name: dog, match: ['alertname=\"Watchdog\"'], missing_after: 5m}]",
        "brakes: [{name: api, match: ['alertname=\"ApiBurns\"']}]",
    )
)
def blind(world: World) -> None:
    """The watchdog has not been seen; then a brake fires; then deliveries are late."""
    world.at("0s").fires()
    world.at("2s").fires("Watchdog", deployment="")
    world.fires("ApiBurns", deployment="")
    world.at("5s").ticks()
    world.at("8s").clears("ApiBurns", deployment="")
    seen = [sightings.row_bytes(alert("Unmatched"))]
    world.hears(sightings.pack_rows(seen, received_at_ms=world.now_ms - ms("5m")))
    world.at("10s").ticks()


@under(quick(CATALOGUE, crowd="3", storm_share_percent="100"))
def everything_broken(world: World) -> None:
    """All services at once: it is our view that is broken."""
    world.at("0s").fires("Slow", deployment="cart")
    world.fires("Slow", deployment="db")
    world.fires(deployment="checkout")


@under(quick(storm_incidents="3", storm_cooldown="5m"))
def storm(world: World) -> None:
    """Four at once: one incident tells of them, and nothing is done until it is over."""
    world.at("0s").sees(*(alert(deployment=f"d{n}") for n in range(4)))
    world.at("4m").ticks()
    world.at("5m1s").ticks()


@under(ONE_STEP)
def breaker(world: World) -> None:
    """Two failures open it; after ten minutes one may try, and closes it."""
    world.at("0s")
    for deployment in ("a", "b"):
        _fails(world, deployment)
        world.trusts()
    world.at("1s").fires(deployment="c")
    world.clears(deployment="c")
    world.at("10m1s")
    _acts(world, "d")
    world.at("10m2s").fires(deployment="e")
    world.at("10m3s").answered(world.every(Command)[-1], OutcomeStatus.APPLIED)
    world.at("10m4s").clears(deployment="d")
    world.at("10m13s").ticks()
    world.obeys()
    world.at("10m18s").ticks()
    world.obeys()
    world.at("10m20s").ticks()


def not_undone_in_a_freeze(world: World) -> None:
    scale = step("scale", "parameters: {by: 1, max: 9}", "undo: true")
    world.publishes(quick(steps=scale + ESCALATE))
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").obeys(undo={"replicas": "3"})
    world.at("3s").orders(ControlKind.FREEZE, until="1h", id="f1")
    world.at("1m2s").ticks()


def _denied(world: World, status: OutcomeStatus, detail: str) -> None:
    world.answered(world.every(Command)[-1], status, OutcomeReason.FORBIDDEN, detail=detail)


@under(ONE_STEP)
def right_missing(world: World) -> None:
    """The API does not allow it: off on this cluster until somebody says so, or the next policy."""
    denied = 'deployments.apps "a" is forbidden: User "hands" cannot patch resource "deployments"'
    world.at("0s").fires(deployment="a")
    world.at("1s").obeys(uid="a")
    world.at("2s")
    _denied(world, OutcomeStatus.REJECTED, f"403: {denied}")
    world.at("1m").fires(deployment="b")
    world.at("2m").trusts()
    world.trusts()
    world.at("3m").fires(deployment="c")
    world.at("3m1s")
    _denied(world, OutcomeStatus.FAILED, "403: deployments.apps is forbidden: cannot get")
    world.at("4m").fires(deployment="d")
    world.at("5m").publishes(f"{ONE_STEP}# newer\n")
    world.at("6m").fires(deployment="e")
    world.at("6m1s").obeys(uid="e")


RAILS: tuple[History, ...] = (
    right_missing,
    burst,
    rate_per_minute,
    rate_per_hour,
    one_at_a_time,
    one_target_of_two_incidents,
    one_service_of_two_incidents,
    clock_jumps,
    what_the_look_forbids,
    late_looks,
    not_for_us,
    not_known,
    no_target,
    blind,
    everything_broken,
    storm,
    breaker,
    not_undone_in_a_freeze,
)
