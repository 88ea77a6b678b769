"""What Go's JSON leaves out."""

from deploy.sandbox.cluster.api.canonical import canonical


def test_empty_lists_maps_and_zeros_are_left_out():
    assert canonical(
        {
            "metadata": {"annotations": {}, "labels": {}, "finalizers": []},
            "spec": {"paused": False, "minReadySeconds": 0, "replicas": 0},
        }
    ) == {"metadata": {}, "spec": {"replicas": 0}}


def test_what_the_user_named_stays():
    labels = {"metadata": {"labels": {"paused": "", "value": "x"}}}
    assert canonical(labels) == labels


def test_structures_stay_even_when_empty():
    container = {"name": "main", "resources": {}, "env": [{"name": "A", "value": ""}]}
    assert canonical({"containers": [container]}) == {
        "containers": [{"name": "main", "resources": {}, "env": [{"name": "A"}]}]
    }
