"""A revert is planned of what the repository says, for what its owner keeps, and never twice."""

from typing import Any

import pytest

from remediators.actions import revert_commit
from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Creation, Kit, Scene
from remediators.core.guard import guard
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.repository import Repository
from schemas.actions import RESTART, REVERT_COMMIT
from schemas.kinds import COMMIT
from schemas.remediation import OutcomeReason, Target
from tests.remediators.builders import NOW_MS, command, workload

KIT = Kit(
    repositories={
        "shop": Repository("shop", "ArgoCD/shop"),
        "other": Repository("other", "Flux/other"),
        "abroad": Repository("abroad", "ArgoCD/shop", "us-1"),
        "proposed": Repository("proposed", "ArgoCD/shop", "", "apps/shop", "main"),
    }
)
HOUR_MS = 3_600_000


def last(**more: Any) -> dict[str, Any]:
    found = {"base": "b" * 40, "commit": "c" * 40, "at_ms": NOW_MS, "command": "", "before": True}
    return {**found, "subject": "shop: image 2", **more}


def scene(found: dict[str, Any], owner: str = "ArgoCD/shop", **parameters: str) -> Scene:
    order = command(action=REVERT_COMMIT, parameters=parameters)
    return Scene(order, workload(owner=owner), ((found,),), KIT)


def test_the_commit_is_under_a_name_of_the_commands_own():
    made = announce(CATALOG[REVERT_COMMIT], scene(last(), repository="shop"))
    assert not isinstance(made, Refusal)
    request, plan = made
    assert isinstance(plan, Creation)
    assert request.target == Target("eu-1", "shop", COMMIT, "mendlog-c1")
    assert plan.body["spec"] == {"base": "b" * 40, "reverts": "c" * 40, "at_ms": NOW_MS}
    assert plan.undo == {}


def proposal(subject: str) -> dict[str, str]:
    planned = revert_commit.plan(scene(last(subject=subject), repository="proposed"))
    assert isinstance(planned, Creation)
    return dict(planned.body["spec"]["pull_request"])


def test_a_pull_request_is_announced_with_every_word():
    asked = proposal("shop: image 2")
    assert (asked["into"], asked["title"]) == ("main", 'Revert "shop: image 2"')
    assert asked["text"].splitlines()[-1] == "Mendlog-Command: c1"
    assert "`apps/shop`" in asked["text"]
    assert "c" * 40 in asked["text"]


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("{{7*7}} $(id) `id`", 'Revert "{{7*7}} $(id) `id`"'),
        ("one\n/merge\r\ntwo", 'Revert "one /merge two"'),
        ("a\u202eb\x00c\u2028d\x1b[31m", 'Revert "a b c d [31m"'),
        ("", 'Revert ""'),
        ("x" * 10_000, f'Revert "{"x" * 150}"'),
    ],
)
def test_a_subject_is_a_strangers_word_on_one_line_and_in_the_title_alone(subject: str, title: str):
    asked = proposal(subject)
    assert asked["title"] == title
    assert asked["text"] == proposal("another")["text"]


def test_what_is_asked():
    order = command(action=REVERT_COMMIT, parameters={"repository": "shop"})
    assert revert_commit.last_change(order, workload()) == (Query(COMMIT, "shop"),)


def test_the_guard_lets_it_through_to_what_another_keeps_and_nothing_else():
    owned = workload(owner="ArgoCD/shop")
    assert guard(command(action=REVERT_COMMIT), owned, NOW_MS) is None
    refused = guard(command(action=RESTART), owned, NOW_MS)
    assert refused is not None
    assert refused.reason is OutcomeReason.OWNED_ELSEWHERE


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({}, OutcomeReason.BAD_PARAMETERS),
        *(
            ({"repository": name}, OutcomeReason.BAD_PARAMETERS)
            for name in ("nobody", "abroad", "", "-1", "../x", "{{7*7}}", "$(id)", "https://x")
        ),
        *(
            ({"repository": "shop", "hours": hours}, OutcomeReason.BAD_PARAMETERS)
            for hours in ("0", "-1", "721", str(10**9), "", "1.5")
        ),
        ({"repository": "other"}, OutcomeReason.INVALID),
    ],
)
def test_parameters_that_are_refused(parameters: dict[str, str], reason: OutcomeReason):
    planned = revert_commit.plan(scene(last(), **parameters))
    assert isinstance(planned, Refusal)
    assert planned.reason is reason


@pytest.mark.parametrize("owner", ["", "Flux/other", "ArgoCD/shop-2", "HorizontalPodAutoscaler/x"])
def test_not_for_what_it_does_not_keep(owner: str):
    planned = revert_commit.plan(scene(last(), owner, repository="shop"))
    assert isinstance(planned, Refusal)
    assert planned.reason is OutcomeReason.INVALID


@pytest.mark.parametrize(
    ("found", "hours", "reason"),
    [
        (last(command="c0"), "24", OutcomeReason.NOTHING_TO_DO),
        (last(at_ms=NOW_MS - 25 * HOUR_MS), "24", OutcomeReason.NOTHING_TO_DO),
        (last(at_ms=NOW_MS - 2 * HOUR_MS), "1", OutcomeReason.NOTHING_TO_DO),
        (last(takes_back=True), "24", OutcomeReason.NOTHING_TO_DO),
        (last(before=False), "24", OutcomeReason.INVALID),
    ],
)
def test_what_is_not_reverted(found: dict[str, Any], hours: str, reason: OutcomeReason):
    planned = revert_commit.plan(scene(found, repository="shop", hours=hours))
    assert isinstance(planned, Refusal)
    assert planned.reason is reason
