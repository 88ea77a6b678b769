"""What is remembered of withdrawals, and for how long."""

from remediators.core import withdrawn
from remediators.core.withdrawn import Withdrawn
from tests.remediators.builders import NOW_MS, TTL_MS, command, withdrawal


def test_it_is_kept_until_its_command_expires():
    kept = Withdrawn()
    kept.note(withdrawal(command()), NOW_MS)
    kept.note(withdrawal(command(), command_id="c2"), NOW_MS + TTL_MS - 1)
    assert kept.refusal(command())
    later = {"command_id": "c3", "expires_at_ms": NOW_MS + 2 * TTL_MS}
    kept.note(withdrawal(command(), **later), NOW_MS + TTL_MS)
    assert kept.refusal(command()) is None
    assert len(kept) == 1


def test_one_that_comes_too_late_is_not_kept():
    kept = Withdrawn()
    kept.note(withdrawal(command()), NOW_MS + TTL_MS)
    assert len(kept) == 0


def test_they_never_grow_beyond_their_bound(monkeypatch):
    monkeypatch.setattr(withdrawn, "KEPT_MAX", 3)
    kept = Withdrawn()
    for number in range(5):
        kept.note(withdrawal(command(), command_id=f"c{number}"), NOW_MS)
    known = [number for number in range(5) if kept.refusal(command(command_id=f"c{number}"))]
    assert known == [2, 3, 4]


def test_the_same_again_takes_no_place(monkeypatch):
    monkeypatch.setattr(withdrawn, "KEPT_MAX", 1)
    kept = Withdrawn()
    for _ in range(2):
        kept.note(withdrawal(command()), NOW_MS)
    assert kept.refusal(command())
