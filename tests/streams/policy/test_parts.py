"""A folder of files is one policy, one text and one digest; its faults are in the right file."""

from pathlib import Path

import pytest

from streams.policy.book import PolicyBook
from streams.policy.load import compile_policy, load_file
from streams.reading.faults import FileError
from tests.streams.policy.texts import WHOLE, changed

START = WHOLE.index("services:")
PLAYBOOKS = WHOLE.index("playbooks:")
FILES = {
    "10-base.yaml": WHOLE[:START],
    "20-catalogue.yaml": WHOLE[START:PLAYBOOKS],
    "30-playbooks.yaml": WHOLE[PLAYBOOKS:],
}


def folder(tmp_path: Path, **files: str) -> Path:
    path = tmp_path / "policy"
    path.mkdir(exist_ok=True)
    for name, text in {**FILES, **files}.items():
        (path / name).write_text(text)
    return path


def faults(path: Path) -> list[str]:
    with pytest.raises(FileError) as caught:
        load_file(path)
    return [str(fault).replace(str(path), "policy") for fault in caught.value.faults]


def test_a_folder_means_what_one_file_means(tmp_path: Path) -> None:
    policy, source = load_file(folder(tmp_path))
    whole = compile_policy(WHOLE)
    assert source.startswith("# file: 10-base.yaml\nversion: 1\n")
    assert policy.playbooks == whole.playbooks
    assert policy.services == whole.services
    assert compile_policy(source) == policy
    assert PolicyBook().compile(policy.digest, source) == policy


def test_lists_may_be_spread_and_stay_in_the_order_of_the_files(tmp_path: Path) -> None:
    service = "services:\n  - {name: carts, match: ['deployment=\"carts\"']}\n"
    policy, _ = load_file(folder(tmp_path, **{"15-carts.yaml": service}))
    assert [s.name for s in policy.services] == ["carts", "checkout", "payments"]


def test_a_section_that_is_no_list_has_one_place(tmp_path: Path) -> None:
    path = folder(tmp_path, **{"40-more.yaml": "limits: {preset: production-1}\n"})
    assert faults(path) == ["policy/40-more.yaml:1:1: 'limits' is also at policy/10-base.yaml:3"]


def test_a_fault_names_its_file_also_when_read_from_the_tape(tmp_path: Path) -> None:
    broken = changed("dwell: 2m", "dwell: 2", FILES["30-playbooks.yaml"])
    line = broken[: broken.index("dwell: 2")].count("\n") + 1
    path = folder(tmp_path, **{"30-playbooks.yaml": broken})
    (found,) = faults(path)
    assert found.startswith(f"policy/30-playbooks.yaml:{line}:16: expected a duration")
    joined = "".join(f"# file: {name}\n{(path / name).read_text()}" for name in FILES)
    with pytest.raises(FileError, match=rf"^policy/30-playbooks\.yaml:{line}:16: "):
        compile_policy(joined)


def test_names_are_known_across_files(tmp_path: Path) -> None:
    broken = changed("depends_on: [payments]", "depends_on: [payment]", FILES["20-catalogue.yaml"])
    (found,) = faults(folder(tmp_path, **{"20-catalogue.yaml": broken}))
    assert found.startswith("policy/20-catalogue.yaml:")
    assert "no service is named 'payment'" in found


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("40.yml", "never: []", "policy/40.yml:1:1: its name must be such as"),
        ("40 a.yaml", "never: []", "policy/40 a.yaml:1:1: its name must be such as"),
        ("40.yaml", "a: 1\n# file: b.yaml\n", "policy/40.yaml:2:1: a line that begins with"),
        ("40.yaml", "- 1\n", "policy/40.yaml:1:1: expected the keys of a policy"),
        ("40.yaml", "", "policy/40.yaml:1:1: the file is empty"),
        ("40.yaml", "a: [\n", "policy/40.yaml:2:1: not YAML"),
        ("40.yaml", "a: &x 1\n", "policy/40.yaml:1:4: anchors"),
        ("40.yaml", "x" * 150_000, "larger than"),
        ("40.yaml", "# " + "x" * 130_000 + "\nnever: []", "larger than 131072 bytes in all"),
    ],
    ids=lambda value: value[:20],
)
def test_files_that_cannot_be_part_of_a_policy(
    tmp_path: Path, name: str, text: str, expected: str
) -> None:
    found = faults(folder(tmp_path, **{name: text}))
    assert any(expected in one for one in found), found


def test_what_is_not_read(tmp_path: Path) -> None:
    path = folder(tmp_path, **{".hidden.yaml": "x", "README.md": "x"})
    (path / "..data").mkdir()
    load_file(path)
    (path / "more").mkdir()
    assert faults(path) == ["policy/more:1:1: a folder in the folder is not read"]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "holds no file" in faults(empty)[0]


def test_a_text_cannot_end_the_core_by_its_headers() -> None:
    for text in ("# file: ", "# file: a.yaml", "# file: a\n# file: b\n", "# file: a\nversion: 1"):
        with pytest.raises(FileError):
            compile_policy(text)
