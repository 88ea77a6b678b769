"""The marker and the precondition: what a target must be for a request to take effect."""

from remediators.core.marker import IDS_MAX, Precondition, carries, ids, precondition, pushed
from schemas.remediation import CommandKind
from tests.remediators.builders import command, workload


def test_the_newest_id_leads_and_the_oldest_falls_out():
    marker = ""
    for number in range(IDS_MAX + 2):
        marker = pushed(marker, f"c{number}")
    assert ids(marker) == tuple(f"c{n}" for n in range(IDS_MAX + 1, 1, -1))


def test_a_marker_is_searched_by_whole_ids():
    assert carries(workload(marker="c11,c1"), "c1")
    assert not carries(workload(marker="c11,c12"), "c1")
    assert not carries(workload(), "c1")


def test_an_act_expects_the_target_as_observed():
    expected = precondition(command(marker="a,b"))
    assert expected == Precondition("uid-1", 4, "a,b")
    assert expected.moved(workload(marker="a,b")) == ""


def test_a_rollback_expects_the_target_as_its_act_has_left_it():
    undo = command(CommandKind.ROLLBACK, command_id="c2", marker="a", undoes="c1")
    assert precondition(undo) == Precondition("uid-1", 5, "c1,a", after_act=True)


def test_a_number_made_of_the_content_is_foretold_by_nobody():
    undo = precondition(command(CommandKind.ROLLBACK, command_id="c2", undoes="c1"))
    assert undo.moved(workload(generation=99, marker="c1"))
    assert undo.moved(workload(generation=99, marker="c1", generation_kept=False)) == ""
    assert undo.moved(workload(generation=99, generation_kept=False))
    act = precondition(command())
    assert act.moved(workload(generation=99, generation_kept=False))


def test_what_moved_is_named():
    expected = precondition(command())
    assert "another object" in expected.moved(workload(uid="uid-2"))
    assert "generation is 5" in expected.moved(workload(generation=5))
    assert "marker is x, not absent" in expected.moved(workload(marker="x"))
    assert expected.moved(workload(resource_version="9999")) == ""
