"""What a text means is remembered, within bounds; a silence cannot mean everything."""

import pytest

from streams.policy import book as module
from streams.policy.book import PolicyBook
from tests.streams.policy.texts import QUICK


def test_a_policy_keeps_its_digest_and_its_text_apart() -> None:
    book = PolicyBook()
    first = book.compile("d", QUICK)
    other = book.compile("d", QUICK.replace("concurrent: 3", "concurrent: 1"))
    assert first
    assert other
    assert (first.digest, first.limits.concurrent) == ("d", 3)
    assert (other.digest, other.limits.concurrent) == ("d", 1)
    assert book.compile("d", QUICK) is first
    assert book.compile("d", "nonsense") is None


@pytest.mark.parametrize(
    ("texts", "reads"),
    [
        (('alertname="A"',), True),
        (('alertname="A"', 'team!="x"'), True),
        (('{alertname=~"A|B", team=~".+"}',), True),
        ((), False),
        (("",), False),
        (("{}",), False),
        (('a=~".*"',), False),
        (('a!="b"',), False),
        (('a=~"("',), False),
        (("nonsense",), False),
        (('a="b"',) * 100, False),
    ],
)
def test_the_matchers_of_a_silence(texts: tuple[str, ...], reads: bool) -> None:
    assert (PolicyBook().matchers(texts) is not None) is reads


def test_no_more_is_remembered_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCES_MAX", 3)
    book = PolicyBook()
    for number in range(10):
        assert book.matchers((f'a="{number}"',))
    assert len(book._silences._known) <= 3
