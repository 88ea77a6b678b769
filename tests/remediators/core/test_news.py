"""What is told on the target of an action, and what is not."""

import pytest

from remediators.core.news import News, news_of
from schemas.actions import ROLL_BACK, SCALE
from schemas.remediation import Command, CommandKind, OutcomeReason, OutcomeStatus, Target
from tests.remediators.builders import TARGET, command, outcome

UNDO = {"undoes": "c0", "action": SCALE}


def told(order: Command, status: OutcomeStatus, reason: str = "", detail: str = "") -> News:
    news = news_of(order, outcome(order, status, reason=reason, detail=detail))
    assert news is not None
    return news


@pytest.mark.parametrize(
    ("order", "status", "reason", "text", "warning"),
    [
        (command(), OutcomeStatus.APPLIED, "RestartApplied", "restart applied", False),
        (
            command(action=ROLL_BACK),
            OutcomeStatus.UNKNOWN,
            "RollBackUnknown",
            "roll back unknown",
            True,
        ),
        (
            command(CommandKind.ROLLBACK, **UNDO),
            OutcomeStatus.FAILED,
            "UndoScaleFailed",
            "undo scale failed",
            True,
        ),
        (command(), OutcomeStatus.REJECTED, "RestartRefused", "restart rejected", True),
    ],
)
def test_every_end_of_an_action(order, status, reason, text, warning):
    reason_given = "" if status is OutcomeStatus.APPLIED else "stale"
    news = told(order, status, reason_given)
    assert (news.reason, news.warning) == (reason, warning)
    assert news.text == (f"{text}: stale" if reason_given else text)
    assert (news.target, news.uid) == (TARGET, "uid-1")


def test_why_is_said_in_the_words_of_the_outcome():
    news = told(command(), OutcomeStatus.REJECTED, "too_few_healthy", "1 of 3 would be left")
    assert news.text == "restart rejected: too_few_healthy: 1 of 3 would be left"


def test_what_was_so_already_is_no_warning():
    assert not told(command(), OutcomeStatus.REJECTED, "nothing_to_do").warning


def test_the_same_refusal_of_another_command_is_the_same_news():
    first = told(command(command_id="c1"), OutcomeStatus.REJECTED, "paused")
    assert first == told(command(command_id="c2"), OutcomeStatus.REJECTED, "paused")


@pytest.mark.parametrize(
    ("order", "status", "reason"),
    [
        (command(), OutcomeStatus.INTENT, ""),
        (command(CommandKind.LOOK), OutcomeStatus.FAILED, "api_down"),
        (command(CommandKind.VERIFY), OutcomeStatus.CHECKED, ""),
        (command(), OutcomeStatus.REJECTED, OutcomeReason.OUT_OF_SCOPE),
        (command(), OutcomeStatus.REJECTED, OutcomeReason.UNKNOWN_CLUSTER),
        (
            command(target=Target("eu-1", "../kube-system", "Deployment", "x")),
            OutcomeStatus.REJECTED,
            "invalid",
        ),
        (command(uid=""), OutcomeStatus.REJECTED, "invalid"),
    ],
)
def test_what_is_not_told(order, status, reason):
    assert news_of(order, outcome(order, status, reason=reason)) is None


def test_a_name_that_no_action_has_is_not_repeated():
    news = told(command(action="\x1b[31mdrop"), OutcomeStatus.REJECTED, "unknown_action")
    assert (news.action, news.reason) == ("action", "ActionRefused")
    assert "drop" not in news.text


def test_words_are_bounded_and_printable():
    news = told(command(), OutcomeStatus.FAILED, "invalid", "\x1b[31m\n" + "x" * 5_000)
    assert len(news.text) == 1_000
    assert news.text.isprintable()
