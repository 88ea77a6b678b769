"""I9: what must not be in any topic is not. A canary is never written out: it may be a secret."""

import re
from collections.abc import Sequence

from schemas.topics import TOPICS, Topic
from streams.audit.heard import Heard
from streams.audit.verdict import Verdict


class Canaries:
    def __init__(self, texts: Sequence[str]) -> None:
        assert texts
        assert all(texts), "an empty canary is everywhere"
        self._texts = [text.encode() for text in texts]
        self._any = re.compile(b"|".join(re.escape(text) for text in self._texts))
        self._verdict = Verdict("I9")

    @property
    def topics(self) -> frozenset[Topic]:
        return frozenset(TOPICS)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return (self._verdict,)

    def hear(self, heard: Heard) -> None:
        record = heard.record
        self._verdict.checked += 1
        parts = [record.value, record.key, *(value for _, value in record.headers)]
        for part in parts:
            if part and (found := self._any.search(part)):
                number = self._texts.index(found.group()) + 1
                self._verdict.against(heard.place, f"canary {number}", f"holds canary {number}")
                return

    def finish(self, now_ms: int) -> None:
        """Each record was judged as it came."""
