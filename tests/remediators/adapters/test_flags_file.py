"""The file of flags: what it may say, and how it is told what is wrong with it."""

from pathlib import Path

import pytest

from remediators.adapters.flags.file import read_flags
from remediators.core.flag import ConfigMapKey, Flag
from remediators.reading import BadFile

WHOLE = """
flags:
  payments:
    values: ["on", "off"]
    configmap: {namespace: shop, name: checkout, key: PAYMENTS}
  search:
    cluster: eu-1
    values: [fast, exact]
    http: {url: "https://flags.example/search", member: value, token_file: /run/token}
  fees:
    cluster: eu-1
    values: ["0", "1"]
    ssm: {parameter: /shop/fees, region: eu-central-1}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "flags.yaml"


def test_each_way_to_keep_a_flag(file: Path):
    file.write_text(WHOLE)
    assert {name: flag.plain(name) for name, flag in read_flags(file).items()} == {
        "payments": Flag(
            "payments", frozenset({"on", "off"}), "", ConfigMapKey("shop", "checkout", "PAYMENTS")
        ),
        "search": Flag("search", frozenset({"fast", "exact"}), "eu-1"),
        "fees": Flag("fees", frozenset({"0", "1"}), "eu-1"),
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('values: ["on", "off"]', 'values: ["on"]', "at least 2"),
        ('values: ["on", "off"]', 'values: ["on", " off"]', "pattern"),
        ("  payments:", "  Payments:", "pattern"),
        ("    cluster: eu-1\n    values: [fast", "    values: [fast", "needs the one `cluster`"),
        ("https://flags", "http://flags", "http only to this machine"),
        ("https://flags", "https://me:secret@flags", "without credentials"),
        ("https://flags.example", "file://x", "begins with https://"),
        ("https://flags.example", "https://169.254.169.254", "never asked"),
        ("https://flags.example", "https://[fe80::1]", "never asked"),
        ("https://flags.example", "https://0177.1", "neither a name nor an address"),
        ("    configmap: {namespace: shop, name: checkout, key: PAYMENTS}\n", "", "exactly one of"),
        ("key: PAYMENTS", "key: ../x", "pattern"),
        ("region: eu-central-1", "region: here", "pattern"),
        ("member: value", "verb: POST", "unknown key"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(file: Path, old: str, new: str, expected: str):
    assert old in WHOLE
    file.write_text(WHOLE.replace(old, new))
    with pytest.raises(BadFile, match=expected) as told:
        read_flags(file)
    assert str(told.value).startswith(f"{file}:")
    assert "secret" not in str(told.value)


def test_a_file_that_is_not_there(file: Path):
    with pytest.raises(BadFile, match="cannot be read"):
        read_flags(file)
