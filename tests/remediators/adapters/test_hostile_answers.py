"""A yes has to show what was asked for; and whatever else comes, nobody falls over it."""

import json
from typing import Any

import pytest

from remediators.adapters.kubernetes.answers import Raw, reply_of
from remediators.adapters.kubernetes.cluster import KubernetesCluster
from remediators.core.patch import add, patch
from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.request import DELETE, creation, removal
from schemas.kinds import JOB, POD
from schemas.remediation import Request, Target
from tests.remediators.adapters.test_client import answers, serving
from tests.remediators.builders import TARGET, command, template

LOGIN = "<html>please log in</html>"
ORDER = command(marker="a1")
PATCHED = patch(ORDER, [add(5, "spec", "replicas")])
A_POD = Target("eu-1", "shop", POD, "web-1")
REMOVED = removal(DELETE, A_POD, "uid-1")
MADE = creation(ORDER, Target("eu-1", "shop", JOB, "mendlog-c1"), {"spec": {}})


def an_object(name: str, marker: str = "c1,a1", uid: str = "uid-1") -> dict[str, Any]:
    notes = {"mendlog.io/last-command": marker} if marker else {}
    return {"metadata": {"name": name, "uid": uid, "annotations": notes}}


async def asked(request: Request, body: Any, *, rehearsal: bool = False) -> Reply:
    text = body if isinstance(body, str) else json.dumps(body)
    with serving(answers("200 OK", text)) as (_, api):
        cluster = KubernetesCluster(api, "test", 1)
        if rehearsal:
            return await cluster.rehearse(request)
        return await cluster.send(request, lambda: True)


GONE = {"kind": "Status", "status": "Success"}
SHOWN = [
    (PATCHED, an_object("checkout")),
    (REMOVED, GONE),
    (REMOVED, an_object("web-1", marker="")),
    (MADE, an_object("mendlog-c1", marker="c1")),
]
NOT_SHOWN = [
    *[(request, LOGIN) for request in (PATCHED, REMOVED, MADE)],
    *[(request, "{}") for request in (PATCHED, REMOVED, MADE)],
    (PATCHED, an_object("checkout", uid="uid-2")),
    (PATCHED, GONE),
    (REMOVED, an_object("web-1", uid="uid-2")),
    (REMOVED, {**GONE, "status": "Failure"}),
    (MADE, an_object("another", marker="c1")),
]
UNMARKED = [
    (PATCHED, an_object("checkout", marker="")),
    (PATCHED, an_object("checkout", marker="a1")),
    (MADE, an_object("mendlog-c1", marker="")),
]


@pytest.mark.parametrize(("request_", "body"), SHOWN)
@pytest.mark.parametrize("rehearsal", [True, False])
async def test_a_yes_that_shows_what_was_asked_for(request_: Request, body: Any, rehearsal: bool):
    assert (await asked(request_, body, rehearsal=rehearsal)).answer is Answer.DONE


@pytest.mark.parametrize(("request_", "body"), NOT_SHOWN)
@pytest.mark.parametrize("rehearsal", [True, False])
async def test_a_yes_of_somebody_else_tells_nothing(request_: Request, body: Any, rehearsal: bool):
    """Such as a proxy's page to log in: whether it has happened, the object is asked."""
    assert (await asked(request_, body, rehearsal=rehearsal)).answer is Answer.UNSURE


@pytest.mark.parametrize(("request_", "body"), UNMARKED)
async def test_what_would_lose_its_mark_is_refused_before(request_: Request, body: Any):
    """By a webhook that mutates: nobody could tell later whether it has happened."""
    reply = await asked(request_, body, rehearsal=True)
    assert reply.answer is Answer.INVALID
    assert "mendlog.io/last-command" in reply.detail


@pytest.mark.parametrize(("request_", "body"), UNMARKED)
async def test_what_has_lost_its_mark_is_asked_for(request_: Request, body: Any):
    assert (await asked(request_, body)).answer is Answer.UNSURE


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("[" * 100_000, id="deep"),
        pytest.param('{"metadata": {"name": "\\ud800"}}', id="half a character"),
        pytest.param('{"metadata": ' + "9" * 5_000 + "}", id="a long number"),
        pytest.param("[]", id="no object"),
        pytest.param(json.dumps(an_object("another") | {"spec": {}}), id="another's name"),
        pytest.param(
            json.dumps(
                {
                    "metadata": {"name": "checkout", "namespace": "other", "uid": "u"},
                    "spec": {"template": template("example/checkout:1")},
                }
            ),
            id="of another namespace",
        ),
    ],
)
async def test_what_is_no_such_object_tells_nothing(body: str):
    with serving(answers("200 OK", body)) as (_, api):
        cluster = KubernetesCluster(api, "test", 1)
        seen = await cluster.look(TARGET)
        listed = await cluster.find(Query(POD, "shop"))
    assert isinstance(seen, Reply)
    assert seen.answer is Answer.UNSURE
    assert isinstance(listed, Reply)


@pytest.mark.parametrize("body", ["[" * 100_000, '{"message": "\\ud800"}', '{"message": 9}'])
def test_a_refusal_in_odd_words_is_one_all_the_same(body: str):
    reply = reply_of(Raw(404, {}, body.encode()))
    assert reply.answer is Answer.NOT_FOUND
    assert reply.detail.encode()


def test_a_list_whose_next_page_is_too_old_is_asked_for_again():
    assert reply_of(Raw(410, {}, b"")).answer is Answer.UNSURE


def forbidden(message: str) -> Reply:
    status = {"kind": "Status", "reason": "Forbidden", "code": 403, "message": message}
    return reply_of(Raw(403, {}, json.dumps(status).encode()))


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (
            'deployments.apps "web" is forbidden: User "u" cannot patch resource "deployments" in '
            'API group "apps" in the namespace "shop"',
            Answer.FORBIDDEN,
        ),
        ("a proxy's own words", Answer.FORBIDDEN),
        ('pods "web" is forbidden: exceeded quota: small, requested: pods=1', Answer.INVALID),
        ('pods "web" is forbidden: violates PodSecurity "restricted:latest"', Answer.INVALID),
        (
            'jobs.batch "j" is forbidden: unable to create new content in namespace shop because it'
            " is being terminated",
            Answer.INVALID,
        ),
        ('admission webhook "v.example.com" denied the request: not today', Answer.INVALID),
    ],
)
def test_what_admission_refuses_is_no_missing_right(message: str, answer: Answer):
    assert forbidden(message).answer is answer
