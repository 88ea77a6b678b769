"""What was told as firing, so that its end is told as the end of the same alert.

A rule may be taken out, renamed, or given other labels while it fires. The core knows the alert by
the labels that it was told with, and would wait for that one's end for ever.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import msgspec

from schemas.alerts import AlertStatus
from schemas.tape import Detection
from streams.steps.kept import Changes, Found, decode_kept, encode_kept, kept, key_of

KIND = "told"
GONE = "the rule was taken out, or asks for something else now"


class Told(msgspec.Struct, frozen=True):
    of: str
    cluster: str
    rule: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since_ms: int
    value: float
    threshold: float
    window_ms: int


class Tellings:
    def __init__(self, entries: Mapping[bytes, bytes]) -> None:
        told = [decode_kept(value, Told) for _, _, value in kept(entries, KIND)]
        self._told = {one.of.encode(): one for one in told}

    def of_others(self, claimed: set[bytes]) -> list[bytes]:
        """Entries that no rule has claimed, and of which an alert stands."""
        return [of for of in self._told if of not in claimed]

    def stands(self, of: bytes) -> bool:
        return of in self._told

    def since_ms(self) -> dict[str, int]:
        return {one.of: one.since_ms for one in self._told.values()}

    def noted(self, found: Iterator[Found], changes: Changes) -> Iterator[Found]:
        """The same, each end with the labels and on the tape of its beginning."""
        for one in found:
            if one.detection.status is AlertStatus.FIRING:
                self._told[one.of] = _told(one)
                changes[_key(one.of)] = encode_kept(self._told[one.of])
                yield one
            elif (told := self._told.pop(one.of, None)) is not None:
                changes[_key(one.of)] = None
                ended = replace(one.detection, rule=told.rule, labels=told.labels)
                yield Found(one.of, told.cluster, ended)
            elif one.detection.labels:  # begun in a release that kept no record of it
                yield one

    def ended(self, of: bytes) -> Found:
        """The end of what no rule asks for any more; to be noted, too."""
        told = self._told[of]
        ended = Detection(
            rule=told.rule,
            status=AlertStatus.RESOLVED,
            labels=told.labels,
            annotations={**told.annotations, "explanation": GONE},
            since_ms=told.since_ms,
            value=told.value,
            threshold=told.threshold,
            window_ms=told.window_ms,
        )
        return Found(of, told.cluster, ended)


def _told(one: Found) -> Told:
    said = one.detection
    return Told(
        one.of.decode(), one.cluster, said.rule, said.labels, said.annotations, said.since_ms,
        said.value, said.threshold, said.window_ms,
    )  # fmt: skip


def _key(of: bytes) -> bytes:
    return key_of(KIND, of.decode())
