"""The releases that a Deployment has had."""

from remediators.actions.releases import revisions


def replica_set(number, owner="u", controller=True):
    return {
        "metadata": {
            "annotations": {"deployment.kubernetes.io/revision": number},
            "ownerReferences": [{"uid": owner, "controller": controller}],
        },
        "spec": {"template": {"n": number}},
    }


def test_revisions_are_those_of_this_very_object_in_order():
    sets = [
        replica_set("10"),
        replica_set("9"),
        replica_set("1", owner="other"),
        replica_set("2", controller=False),
        replica_set("none"),
    ]
    assert [r.number for r in revisions("u", sets)] == [9, 10]
