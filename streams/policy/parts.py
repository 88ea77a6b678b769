"""A policy in one file, or in a folder of them, as one text.

What is published is one text, so that digest and tape hold everything: the files of a folder, in
the order of their names, each led by a line with its name. Read back, faults name the file again.
"""

import re
from pathlib import Path

from yaml.nodes import MappingNode, Node, SequenceNode

from streams.reading.faults import Fault, FileError
from streams.reading.nodes import TEXT_BYTES_MAX, Reading

_HEADER = "# file: "
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.yaml")
_LINE = re.compile(rf"^{_HEADER}(.*)\n?", re.MULTILINE)


def text_of(path: Path) -> str:
    """Raises FileError, or OSError where it cannot be read."""
    if not path.is_dir():
        return _read(path)
    texts = [f"{_HEADER}{file.name}\n{_read_part(file)}" for file in _files(path)]
    return "".join(text if text.endswith("\n") else f"{text}\n" for text in texts)


def root_of(reading: Reading, source: str, spread: frozenset[str]) -> MappingNode:
    """The policy's node. The lists named in `spread` may come from several files."""
    if len(source.encode(errors="replace")) > TEXT_BYTES_MAX:
        raise FileError([Fault(reading.file, 1, 1, f"larger than {TEXT_BYTES_MAX} bytes in all")])
    found = _split(source)
    if not found:
        return _mapping(reading, reading.root(source))
    roots = [reading.root(text, f"{reading.file}/{name}") for name, text in found]
    whole = _joined(reading, [_mapping(reading, root) for root in roots], spread)
    reading.stop_at_faults()
    return whole


def _split(source: str) -> list[tuple[str, str]]:
    """The files' names and texts; none where the text is one file's."""
    if not source.startswith(_HEADER):
        return []
    _, *rest = _LINE.split(source)
    return list(zip(rest[::2], rest[1::2], strict=True))


def _joined(reading: Reading, roots: list[MappingNode], spread: frozenset[str]) -> MappingNode:
    sections: dict[str, tuple[Node, Node]] = {}
    for key, value in (pair for root in roots for pair in root.value):
        if key.value not in sections:
            sections[key.value] = (key, value)
            continue
        first_key, first = sections[key.value]
        lists = isinstance(first, SequenceNode) and isinstance(value, SequenceNode)
        if key.value in spread and lists:
            sections[key.value] = (first_key, _both(first, value))
            continue
        mark = first_key.start_mark
        reading.fault(key, f"{key.value!r} is also at {mark.name}:{mark.line + 1}")
    root = roots[0]
    return MappingNode(root.tag, list(sections.values()), root.start_mark, root.end_mark)


def _both(first: Node, more: Node) -> SequenceNode:
    items = [*first.value, *more.value]
    return SequenceNode(first.tag, items, first.start_mark, first.end_mark)


def _mapping(reading: Reading, root: Node) -> MappingNode:
    if not isinstance(root, MappingNode):
        reading.fault(root, "expected the keys of a policy")
        raise FileError(reading.faults)
    return root


def _files(folder: Path) -> list[Path]:
    """A file that would not be read, though it looks as if, is a fault. What begins with a dot is
    the file system's own business, as in a mounted ConfigMap."""
    faults = []
    found = [file for file in sorted(folder.iterdir()) if not file.name.startswith(".")]
    for file in found:
        if file.is_dir():
            faults.append(Fault(str(file), 1, 1, "a folder in the folder is not read"))
        elif file.suffix == ".yml" or (file.suffix == ".yaml" and not _NAME.fullmatch(file.name)):
            faults.append(Fault(str(file), 1, 1, "its name must be such as 10-limits.yaml"))
    files = [file for file in found if file.suffix == ".yaml" and not file.is_dir()]
    if not files:
        faults.append(Fault(str(folder), 1, 1, "holds no file that ends with .yaml"))
    if faults:
        raise FileError(faults)
    return files


def _read_part(file: Path) -> str:
    text = _read(file)
    header = _LINE.search(text)
    if header:
        line = text[: header.start()].count("\n") + 1
        why = f"a line that begins with {_HEADER!r} is what separates the files of a folder"
        raise FileError([Fault(str(file), line, 1, why)])
    return text


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as fault:
        raise FileError([Fault(str(file), 1, 1, f"not UTF-8: {fault.reason}")]) from None
