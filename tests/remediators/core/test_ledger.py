"""What the ledger remembers, and what it admits to have forgotten."""

from remediators.core import ledger as module
from remediators.core.ledger import LedgerView
from schemas.remediation import OutcomeStatus, Request
from tests.remediators.builders import NOW_MS, TARGET, command, intent, outcome

REQUEST = Request("PATCH", TARGET, "application/json-patch+json", "[]")


def ended(number: int):
    return outcome(command(command_id=f"c{number}"), OutcomeStatus.APPLIED)


def test_what_it_had_to_forget_it_no_longer_vouches_for(monkeypatch):
    monkeypatch.setattr(module, "COMMANDS_MAX", 3)
    view = LedgerView(0)
    for number in range(5):
        view.note(ended(number), NOW_MS + number)
    assert not view.known("c1").ended
    assert view.covers_from_ms == NOW_MS + 1
    assert view.known("c2").ended


def test_it_never_forgets_what_is_announced_and_not_ended(monkeypatch):
    monkeypatch.setattr(module, "COMMANDS_MAX", 3)
    view = LedgerView(0)
    open_one = command(command_id="open")
    view.note(intent(open_one, REQUEST), NOW_MS)
    for number in range(10):
        view.note(ended(number), NOW_MS + number)
    assert view.known("open").intent is not None


def test_an_ended_command_keeps_no_request():
    view = LedgerView(0)
    view.note(intent(command(), REQUEST), NOW_MS)
    view.note(outcome(command(), OutcomeStatus.APPLIED), NOW_MS)
    assert view.known("c1").intent is None
