"""The bytes of what is not a patch: bound to one object, or to one name."""

import json

import pytest

from remediators.core.request import (
    CREATE,
    DELETE,
    EVICT,
    creation,
    rehearsal_of,
    removal,
    removed_uid,
)
from schemas.kinds import JOB, POD
from schemas.remediation import Target
from tests.remediators.builders import command

THE_POD = Target("eu-1", "shop", POD, "checkout-7")
THE_JOB = Target("eu-1", "shop", JOB, "mendlog-c1")


@pytest.mark.parametrize("verb", [DELETE, EVICT])
def test_a_removal_is_of_one_uid(verb):
    made = removal(verb, THE_POD, "uid-1", {"gracePeriodSeconds": 5})
    assert (made.verb, made.target, removed_uid(made)) == (verb, THE_POD, "uid-1")
    assert '"gracePeriodSeconds":5' in made.body


@pytest.mark.parametrize("verb", [DELETE, EVICT])
def test_a_removal_is_rehearsed_by_its_body(verb):
    made = removal(verb, THE_POD, "uid-1")
    body = json.loads(rehearsal_of(made))
    options = body.get("deleteOptions", body)
    assert options["dryRun"] == ["All"]
    assert options["preconditions"] == {"uid": "uid-1"}
    assert "dryRun" not in made.body


def test_what_is_no_removal_is_rehearsed_by_its_address():
    made = creation(command(), THE_JOB, {})
    assert rehearsal_of(made) == made.body


def test_an_eviction_names_its_pod():
    body = json.loads(removal(EVICT, THE_POD, "uid-1").body)
    assert body["metadata"] == {"name": "checkout-7", "namespace": "shop"}
    assert body["deleteOptions"] == {"preconditions": {"uid": "uid-1"}}


def test_a_creation_carries_the_marker_and_the_name_that_it_is_given():
    plain = {"metadata": {"name": "other", "annotations": {"a": "b"}}, "spec": {}}
    made = creation(command(), THE_JOB, plain)
    assert (made.verb, made.target) == (CREATE, THE_JOB)
    assert json.loads(made.body)["metadata"] == {
        "name": "mendlog-c1",
        "namespace": "shop",
        "annotations": {"a": "b", "mendlog.io/last-command": "c1"},
    }
    assert plain["metadata"]["annotations"] == {"a": "b"}
