"""The keys of an embedded stack, and what its processes make of the wrong one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cli.faults import BAD_CONFIGURATION
from deploy.sandbox.command_keys import CommandKeys
from schemas.signing import COMMAND, read_public_keys, read_signing_key
from tests.deploy.cli.conftest import process


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def keys(tmp_path: Path) -> CommandKeys:
    made = CommandKeys(tmp_path / "keys")
    made.make()
    return made


@pytest.mark.usefixtures("_umask")
def test_one_signs_and_the_other_knows_it(tmp_path: Path) -> None:
    keys = CommandKeys(tmp_path / "keys")
    keys.make()
    (public,) = read_public_keys(keys.public)
    signature = read_signing_key(keys.private).sign(COMMAND, b"do")
    assert public.has_signed(COMMAND, b"do", signature)


def test_a_folder_that_was_kept_keeps_its_key(keys: CommandKeys) -> None:
    before = keys.private.read_bytes()
    keys.public.unlink()
    keys.make()
    assert keys.private.read_bytes() == before
    assert len(read_public_keys(keys.public)) == 1


def test_two_stacks_have_two_keys(keys: CommandKeys, tmp_path: Path) -> None:
    another = CommandKeys(tmp_path / "another")
    another.make()
    assert another.public.read_text() != keys.public.read_text()


def test_who_is_given_the_wrong_one_says_so_and_does_not_start(keys: CommandKeys) -> None:
    processor = process("processor", MENDLOG_COMMAND_KEY=str(keys.public))
    executor = process("executor", MENDLOG_COMMAND_KEYS=str(keys.private))
    assert (processor.exit_code, executor.exit_code) == (BAD_CONFIGURATION, BAD_CONFIGURATION)
    assert f"{keys.public} can be read by others" in processor.err
    assert f"{keys.private}:1: not a public key" in executor.out
    secret = keys.private.read_text().splitlines()[1]
    assert secret not in executor.out + executor.err
