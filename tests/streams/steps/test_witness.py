"""An order is verified when its author's key says so, once, soon and where it belongs."""

from dataclasses import replace
from pathlib import Path

import pytest

from schemas.codec import decode, encode
from schemas.controls import ALL_CLUSTERS, Control, ControlKind
from schemas.signing import CONTROL, HEADER, SigningKey, read_signing_key
from schemas.tape import PolicyPublished, TapeRecord
from schemas.topics import CONTROLS, partition_for
from streams.authors import Authors, compile_authors
from streams.steps.effects import Effects, InputRecord
from streams.steps.relay import open_relay
from streams.steps.witness import AGE_MAX_MS
from tests.builders import START_MS
from tests.keys import make_key

PARTITIONS = 4
HOME = partition_for("eu-1", PARTITIONS)
APPROVE = Control("c1", "eu-1", ControlKind.APPROVE, "ann", "", START_MS,
                  parameters={"incident": "i", "proposal": "p"})  # fmt: skip


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SigningKey]:
    folder = tmp_path_factory.mktemp("keys")
    return {name: read_signing_key(make_key(folder / name)) for name in ("ann", "bob")}


@pytest.fixture
def authors(keys: dict[str, SigningKey]) -> Authors:
    entries = [f'  - {{name: {n}, keys: ["{k.public_text()} laptop"]}}' for n, k in keys.items()]
    return compile_authors("\n".join(["version: 1", "authors:", *entries]))


class Relay:
    """`relay` on the partition of `controls` that the cluster's orders come through."""

    def __init__(self, authors: Authors, partition: int = HOME) -> None:
        self.authors, self.partition = authors, partition
        self.kept: dict[bytes, bytes] = {}
        self.restart()

    def restart(self) -> None:
        self.step = open_relay("born", PARTITIONS, self.authors)(self.partition, self.kept)

    def hears(self, control: Control, key: SigningKey | None = None, after_ms: int = 0) -> Control:
        value = encode(control)
        return self.takes(value, key.sign(CONTROL, value) if key else None, after_ms)

    def takes(self, value: bytes, signature: bytes | None, after_ms: int = 0) -> Control:
        headers = ((HEADER, signature),) if signature is not None else ()
        at_ms = START_MS + after_ms
        record = InputRecord(CONTROLS, self.partition, 7, at_ms, b"eu-1", value, headers)
        fact = self.fact(self.step.apply(record))
        assert isinstance(fact, Control)
        return fact

    def fact(self, effects: Effects) -> object:
        for key, entry in effects.changes.items():
            if entry is None:
                del self.kept[key]
            else:
                self.kept[key] = entry
        taped = decode(effects.outputs[0].value, TapeRecord)
        assert isinstance(taped, TapeRecord)
        return taped.fact


@pytest.fixture
def relay(authors: Authors) -> Relay:
    return Relay(authors)


def test_what_its_author_signed_is_verified(relay: Relay, keys: dict[str, SigningKey]) -> None:
    assert relay.hears(APPROVE, keys["ann"]) == replace(APPROVE, verified=True)


def test_what_a_sender_claims_of_itself_counts_for_nothing(relay: Relay) -> None:
    claimed = replace(APPROVE, author="carol", verified=True)
    assert relay.hears(claimed) == replace(claimed, verified=False)


def test_without_a_file_of_authors_nobody_is_verified(keys: dict[str, SigningKey]) -> None:
    claimed = replace(APPROVE, verified=True)
    assert Relay({}).hears(claimed, keys["ann"]) == APPROVE


def test_nobody_speaks_in_the_name_of_who_has_a_key(
    relay: Relay, keys: dict[str, SigningKey]
) -> None:
    for key in (None, keys["bob"]):
        heard = relay.hears(replace(APPROVE, verified=True), key)
        assert (heard.author, heard.verified) == ("unverified:ann", False)


def test_who_wrote_a_policy_is_believed_because_it_speaks_against_them(authors: Authors) -> None:
    published = Control("c1", ALL_CLUSTERS, ControlKind.POLICY, "ann", "", START_MS,
                        parameters={"digest": "d", "source": "s"})  # fmt: skip
    relay = Relay(authors)
    record = InputRecord(CONTROLS, HOME, 7, START_MS, b"*", encode(published))
    assert relay.fact(relay.step.apply(record)) == PolicyPublished("d", "s", "ann")


@pytest.mark.parametrize(
    "changed",
    [
        {"control_id": "c2"},
        {"cluster": "eu-2"},
        {"kind": ControlKind.REJECT},
        {"author": "bob"},
        {"parameters": {"incident": "i", "proposal": "other"}},
        {"expires_at_ms": 1},
        {"issued_at_ms": START_MS + 1},
        {"reason": "other"},
    ],
    ids=lambda c: next(iter(c)),
)
def test_a_signature_is_of_every_part(
    relay: Relay, keys: dict[str, SigningKey], changed: dict[str, object]
) -> None:
    signature = keys["ann"].sign(CONTROL, encode(APPROVE))
    assert not relay.takes(encode(replace(APPROVE, **changed)), signature).verified


@pytest.mark.parametrize("signature", [b"", b"x", b"\0" * 64, b"y" * 10_000])
def test_any_bytes_may_stand_in_a_signatures_place(relay: Relay, signature: bytes) -> None:
    assert not relay.takes(encode(APPROVE), signature).verified


def test_a_header_without_a_value_is_no_signature(relay: Relay) -> None:
    headers = ((HEADER, None),)
    record = InputRecord(CONTROLS, HOME, 7, START_MS, b"eu-1", encode(APPROVE), headers)  # type: ignore[arg-type]
    assert getattr(relay.fact(relay.step.apply(record)), "verified", None) is False


def test_a_signature_over_something_else_is_none(relay: Relay, keys: dict[str, SigningKey]) -> None:
    value = encode(APPROVE)
    assert not relay.takes(value, keys["ann"].sign("mendlog command", value)).verified


@pytest.mark.parametrize(("after_ms", "verified"), [
    (-AGE_MAX_MS - 1, False), (-AGE_MAX_MS, True), (AGE_MAX_MS, True), (AGE_MAX_MS + 1, False),
])  # fmt: skip
def test_it_must_be_of_now(
    relay: Relay, keys: dict[str, SigningKey], after_ms: int, verified: bool
) -> None:
    assert relay.hears(APPROVE, keys["ann"], after_ms).verified is verified


def test_a_copy_counts_for_nothing_whenever_it_comes(
    relay: Relay, keys: dict[str, SigningKey]
) -> None:
    assert relay.hears(APPROVE, keys["ann"], -AGE_MAX_MS).verified
    for after_ms in (0, AGE_MAX_MS, AGE_MAX_MS + 1, 10 * AGE_MAX_MS):
        relay.restart()
        assert not relay.hears(APPROVE, keys["ann"], after_ms).verified
    assert not relay.kept, "what is too old to count is forgotten"


def test_a_clock_that_steps_back_makes_no_old_order_young(
    relay: Relay, keys: dict[str, SigningKey]
) -> None:
    relay.hears(replace(APPROVE, author="carol"), after_ms=AGE_MAX_MS + 1)
    assert not relay.hears(APPROVE, keys["ann"]).verified


def test_a_copy_in_another_partition_counts_for_nothing(
    authors: Authors, keys: dict[str, SigningKey]
) -> None:
    elsewhere = Relay(authors, (HOME + 1) % PARTITIONS)
    assert not elsewhere.hears(APPROVE, keys["ann"]).verified


def test_a_key_file_is_one_that_nobody_else_reads(tmp_path: Path) -> None:
    path = make_key(tmp_path / "key")
    assert read_signing_key(path).public_text().startswith("ssh-ed25519 ")
