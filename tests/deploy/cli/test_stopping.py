"""Freezes, the kill switch, silences and what pipelines tell, from the shell."""

import asyncio
import json
import time

import pytest

from deploy.sandbox.kafka import Kafka
from schemas.codec import decode
from schemas.controls import Heartbeat, Switch
from schemas.topics import SWITCHES
from tests.deploy.cli.conftest import Mendlog
from tests.deploy.cli.shop import Shop

GONE = "http://127.0.0.1:1"
pytestmark = pytest.mark.timeout(300)


def test_a_freeze_holds_what_would_act_until_it_ends(mendlog: Mendlog, shop: Shop) -> None:
    ann = shop.by(mendlog, "ann")
    frozen = ann("freeze", "--cluster", "eu-1", "--for", "1h", "--id", "f", "--reason", "sale")
    assert frozen.exit_code == 0, frozen.err
    deployment = shop.fires()
    shop.until(deployment, "open", "frozen")
    thawed = ann("unfreeze", "--cluster", "eu-1", "--reason", "over")
    assert thawed.exit_code == 0, thawed.err
    shop.looked_at(deployment)
    shop.until(deployment, "awaiting_approval")
    again = ann("unfreeze", "--cluster", "eu-1", "--reason", "over")
    assert again.exit_code == 1
    assert "there is nothing to change" in again.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cluster", "eu-1"], "say when it ends"),
        (["--cluster", "eu-1", "--for", "1h", "--until", "2030-01-01T00:00:00Z"], "say when"),
        (["--cluster", "eu-1", "--for", "an hour"], "is no span of time"),
        (["--cluster", "eu-1", "--for", "0m"], "is no span of time"),
        (["--cluster", "eu-1", "--until", "tomorrow"], "is no time"),
        (["--cluster", "eu-1", "--until", "2030-01-01T00:00:00"], "is no time"),
        (["--for", "1h"], "say which cluster"),
        (["--for", "1h", "--cluster", "*"], "say --all-clusters"),
        (["--for", "1h", "--cluster", "eu-1", "--all-clusters"], "not both"),
        (["--for", "1h", "--cluster", ""], "say which cluster"),
    ],
)
def test_a_freeze_says_where_and_how_long(
    mendlog: Mendlog, shop: Shop, arguments: list[str], said: str
) -> None:
    done = shop.by(mendlog, "ann")("freeze", "--reason", "sale", *arguments)
    assert done.exit_code == 2
    assert said in done.err


def test_all_clusters_are_decided_on_by_every_partition(mendlog: Mendlog, shop: Shop) -> None:
    ann = shop.by(mendlog, "ann")
    killed = ann("kill", "--all-clusters", "--reason", "drill")
    assert killed.exit_code == 0, killed.err
    assert "kill of all clusters by ann (verified)" in killed.out
    assert switches(shop)["*"].reason == "drill"
    back = ann("unkill", "--all-clusters", "--reason", "over", "--json")
    assert back.exit_code == 0
    (order,) = json.loads(back.out)["orders"]
    assert [heard["reason"] for heard in order["verdicts"]] == ["kill_switch_off"] * 2
    assert switches(shop)["*"].kill is False


def test_what_stays_killed_is_told(mendlog: Mendlog, shop: Shop) -> None:
    ann = shop.by(mendlog, "ann")
    assert ann("kill", "--all-clusters", "--reason", "storm").exit_code == 0
    both = ann("kill", "--cluster", "eu-1", "--cluster", "eu-2", "--reason", "drill")
    assert both.exit_code == 0
    back = ann("unkill", "--cluster", "eu-1", "--cluster", "eu-2", "--reason", "over")
    assert back.exit_code == 0
    assert "still on: the kill switch of all clusters, by ann: storm" in back.err
    assert "eu-2" not in back.err
    assert ann("unkill", "--all-clusters", "--reason", "over").err == ""


def test_a_cluster_that_nobody_has_heard_of_is_asked_about(mendlog: Mendlog, shop: Shop) -> None:
    ann = shop.by(mendlog, "ann")
    odd = ann("freeze", "--cluster", "eu1", "--for", "1m", "--reason", "a slip")
    assert odd.exit_code == 0
    assert "nothing was decided about eu1 before: is that its name?" in odd.err
    again = ann("unfreeze", "--cluster", "eu1", "--reason", "it was")
    assert "is that its name" not in again.err


def test_a_kill_does_without_a_key_and_a_registry(mendlog: Mendlog, shop: Shop) -> None:
    ann = {**shop.settings, "AUTHOR": "ann", "CONTROL_KEY_FILE": "none", "REGISTRY_URL": GONE}
    where = ("--cluster", "eu-3", "--reason", "drill")
    done = mendlog("kill", *where, **ann)
    assert done.exit_code == 0, done.err
    assert "not signed: none: No such file" in done.err
    assert f"without the registry: {GONE}" in done.err
    assert switches(shop)["eu-3"].kill
    assert mendlog("freeze", "--for", "1h", *where, **ann).exit_code == 1
    assert shop.by(mendlog, "ann")("unkill", *where, REGISTRY_URL="").exit_code == 0


def test_a_broker_that_is_away_is_one_line(mendlog: Mendlog) -> None:
    for command in (["kill", "--cluster", "a", "--reason", "r"], ["incidents", "list"]):
        done = mendlog(*command, BOOTSTRAP="127.0.0.1:1")
        assert done.exit_code == 1
        assert done.err == "mendlog: no Kafka broker answers at 127.0.0.1:1\n"


def test_topics_that_are_not_there_are_named(mendlog: Mendlog, kafka: Kafka) -> None:
    done = mendlog("incidents", "list", BOOTSTRAP=kafka.bootstrap, TOPIC_PREFIX="none")
    assert done.exit_code == 1
    assert "there is no topic none.incidents" in done.err


def switches(shop: Shop) -> dict[str, Switch]:
    records = asyncio.run(shop.platform.read(SWITCHES))
    found = {(r.key or b"").decode(): decode(r.value, Switch, Heartbeat) for r in records}
    return {key: value for key, value in found.items() if isinstance(value, Switch)}


def listed_with(mendlog: Mendlog, shop: Shop, word: str, *options: str) -> str:
    """The list as soon as it says that: what stands is stored just after it is decided."""
    deadline = time.monotonic() + 60
    while word not in (said := mendlog("silence", "list", *options, **shop.settings).out):
        assert time.monotonic() < deadline, said
    return said


def test_one_is_added_listed_edited_and_ended(mendlog: Mendlog, shop: Shop) -> None:
    ann = shop.by(mendlog, "ann")
    where = ("--cluster", "eu-1", "--reason", "move")
    made = ann("silence", "add", 'alertname="HighErrors"', "zone=b", "--for", "2h",
               "--id", "s1", *where)  # fmt: skip
    assert made.exit_code == 0, made.err
    assert made.out.startswith("silence s1 until ")
    deployment = shop.fires(zone="b")
    shop.until(deployment, "suppressed", "silenced")
    ann("silence", "add", "zone=c", "--for", "3h", "--id", "s1", "--maintenance", *where)
    ann("silence", "add", "zone=d", "--from", "2099-01-01T00:00:00Z", "--for", "1h",
        "--id", "later", "--all-clusters", "--reason", "plan")  # fmt: skip
    listed = listed_with(mendlog, shop, "zone=c")
    (line,) = [text for text in listed.splitlines() if text.startswith("s1")]
    assert line.split()[:3] == ["s1", "eu-1", "maintenance"]
    assert "zone=c" in line
    assert "later" not in listed, "more than a year ahead is refused"
    ended = ann("silence", "expire", "s1", *where)
    assert ended.exit_code == 0, ended.err
    listed_with(mendlog, shop, "no silences")
    assert ann("silence", "expire", "s1", *where).exit_code == 1


def test_one_of_all_clusters_is_listed_once(mendlog: Mendlog, shop: Shop) -> None:
    ann = shop.by(mendlog, "ann")
    ann("silence", "add", "zone=e", "--for", "1h", "--id", "wide", "--all-clusters",
        "--reason", "drill")  # fmt: skip
    listed = json.loads(listed_with(mendlog, shop, "wide", "--cluster", "eu-1", "--json"))
    assert [(one["id"], one["cluster"], one["author"]) for one in listed] == [("wide", "*", "ann")]
    ended = ann("silence", "expire", "wide", "--all-clusters", "--reason", "over")
    assert ended.exit_code == 0, ended.err


@pytest.mark.parametrize(
    ("matchers", "said"),
    [
        (["{}"], "would silence every alert"),
        (['x=~".*"'], "would silence every alert"),
        (["zone"], "'zone'"),
        (['a=~"("'], "not a regular expression"),
    ],
)
def test_what_the_processor_would_refuse_is_refused_here(
    mendlog: Mendlog, matchers: list[str], said: str
) -> None:
    done = mendlog("silence", "add", *matchers, "--for", "1h", "--cluster", "a",
                   "--reason", "r", BOOTSTRAP="127.0.0.1:1")  # fmt: skip
    assert done.exit_code == 2
    assert said in done.err


def test_a_pipeline_tells_of_a_deployment(mendlog: Mendlog, shop: Shop) -> None:
    ann = shop.by(mendlog, "ann")
    done = ann("deployed", "shop/checkout", "--revision", "abc", "--cluster", "eu-1")
    assert done.exit_code == 0, done.err
    assert "change of eu-1 by ann (verified)" in done.out
    for wrong in ("checkout", "shop/", "/x", "a/b/c"):
        assert ann("deployed", wrong, "--cluster", "eu-1").exit_code == 2


def test_a_playbook_that_is_not_demoted_needs_no_trust(mendlog: Mendlog, shop: Shop) -> None:
    done = shop.by(mendlog, "ann")("trust", "errors", "--cluster", "eu-1", "--reason", "ok")
    assert done.exit_code == 1
    assert "there is nothing to change" in done.err


def test_an_order_is_on_disk_while_nobody_decides(
    mendlog: Mendlog, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The processor is away: a kill is thrown, and anything else says that it waits."""
    away = Shop(kafka, tmp_path_factory.mktemp("away"))
    away.platform.prepare()
    ann = away.by(mendlog, "ann")
    where = ("--cluster", "eu-1", "--reason", "drill", "--wait", "1s")
    killed = ann("kill", *where)
    assert killed.exit_code == 0
    assert "not decided within 1 s" in killed.err
    assert switches(away)["eu-1"].kill
    frozen = ann("freeze", "--for", "1h", *where)
    assert frozen.exit_code == 1
    assert "The order is on disk" in frozen.err
