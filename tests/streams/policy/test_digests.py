"""The policy's digest covers the text and what gives it meaning."""

import pytest

from streams.policy import digests
from streams.policy.digests import digest_of


def test_another_text_is_another_digest() -> None:
    assert digest_of("version: 1\n") == digest_of("version: 1\n")
    assert digest_of("version: 1\n") != digest_of("version: 1")


@pytest.mark.parametrize("nth", range(3))
def test_another_version_of_what_reads_it_is_another_digest(
    nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest_of("version: 1\n")
    names = [one.partition("==")[0] for one in digests.MEANING]
    assert names == ["google-re2", "common-expression-language", "tzdata"]
    changed = list(digests.MEANING)
    changed[nth] += ".1"
    monkeypatch.setattr(digests, "MEANING", tuple(changed))
    assert digest_of("version: 1\n") != before
