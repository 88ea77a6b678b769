"""How far a partition is done."""

from remediators.core.progress import Progress


def test_commands_end_out_of_order_and_are_committed_in_order():
    progress = Progress()
    for offset in (10, 11, 13):
        assert progress.begin(offset)
    progress.end(13)
    progress.end(11)
    assert progress.next_offset is None
    progress.end(10)
    assert progress.next_offset == 14
    assert progress.unfinished == 0


def test_what_comes_again_is_not_begun_again():
    progress = Progress()
    assert progress.begin(10)
    assert not progress.begin(10)
    progress.end(10)
    assert not progress.begin(10)
    assert progress.begin(11)
    assert progress.unfinished == 1
