"""Where a log begins and ends decides whether an agent may go on, and what a person can do."""

import pytest

from streams.host.entries import CURSOR, Entry, Fold
from streams.host.exits import CursorOutsideLog
from streams.host.holes import start_inside
from streams.host.inputs import DECIDE, OBSERVE, AgentInput
from streams.host.journal import Journal
from streams.host.loop import Limits, PartitionLoop
from streams.host.outbox import Outbox
from streams.host.reading import Bounds
from tests.streams.host.fakes import Ends, FakeLog, ScriptStep


def loop_at(source: AgentInput, cursor: int) -> PartitionLoop:
    log, held = FakeLog(), {} if cursor < 0 else {CURSOR: Entry(cursor, b"")}
    journal = Journal(source.journal.noun, 0, Fold(held), 0, log, reader=None)
    limits = Limits(tape_partitions=1)
    return PartitionLoop(
        source, 0, ScriptStep({}), journal, Outbox(log, "test"), limits, Ends().hooks
    )


@pytest.mark.parametrize(
    ("source", "cursor", "bounds", "advice"),
    [
        pytest.param(OBSERVE, 4, Bounds(10, 20), "remove the journal state.observe", id="behind"),
        pytest.param(DECIDE, 4, Bounds(10, 20), "another topic prefix", id="the tape, behind"),
        pytest.param(DECIDE, -1, Bounds(10, 20), "another topic prefix", id="the tape, new"),
        pytest.param(OBSERVE, 20, Bounds(10, 20), "made anew. Restore it", id="beyond"),
    ],
)
def test_where_the_log_has_nothing_it_refuses_and_says_what_to_do(source, cursor, bounds, advice):
    with pytest.raises(CursorOutsideLog, match=advice):
        start_inside(loop_at(source, cursor), "topic", bounds)


@pytest.mark.parametrize(
    ("source", "cursor", "bounds", "wanted"),
    [
        pytest.param(OBSERVE, -1, Bounds(10, 20), 10, id="new: where the log begins"),
        pytest.param(DECIDE, 9, Bounds(10, 20), 10, id="the next is the first"),
        pytest.param(DECIDE, 19, Bounds(10, 20), 20, id="at the end"),
    ],
)
def test_inside_the_log_it_goes_on(source, cursor, bounds, wanted):
    loop = loop_at(source, cursor)
    start_inside(loop, "topic", bounds)
    assert loop.wanted == wanted
