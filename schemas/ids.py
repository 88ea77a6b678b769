"""Ids derived from content: the same cause gives the same id on every run and every replay."""

import hashlib
from collections.abc import Mapping


def digest(*parts: str | int | bytes) -> str:
    """32 hex digits over the parts; each is led by its length, so no two lists of parts collide."""
    h = hashlib.blake2b(digest_size=16)
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode()
        h.update(len(raw).to_bytes(4, "big"))
        h.update(raw)
    return h.hexdigest()


def fingerprint(labels: Mapping[str, str]) -> str:
    """What makes two sightings the same alert: all of its labels and nothing else."""
    flat = "\x00".join([f"{name}\x01{value}" for name, value in sorted(labels.items())])
    return hashlib.blake2b(flat.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def incident_id(cluster: str, group: str, origin: str) -> str:
    return digest("incident", cluster, group, origin)


def command_id(incident: str, ladder: str, step: int, attempt: int, kind: str, nth: int = 0) -> str:
    """`nth` tells repeated looks and checks of one attempt apart; an ACT is always the 0th."""
    return digest("command", incident, ladder, step, attempt, kind, nth)


def notice_id(incident: str, kind: str, nth: int) -> str:
    return digest("notice", incident, kind, nth)
