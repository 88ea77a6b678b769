"""A policy to begin with: the library's files, copied so that they are yours to change."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from deploy.policies.where import LIBRARY
from streams.policy.load import NEVER_NAMESPACES

YOURS = "00-yours.yaml"
_NONE_YET = "namespaces: []\n"
_NAME = re.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class CannotStart(Exception):
    """Nothing was written, and why."""


def write(folder: Path, namespaces: Sequence[str]) -> list[Path]:
    """The files that were written. What is there already is never touched."""
    for name in namespaces:
        if not _NAME.fullmatch(name):
            raise CannotStart(f"{name!r} is not the name of a namespace")
        if name in NEVER_NAMESPACES:
            raise CannotStart(f"Mendlog never acts in {name}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotStart(f"{folder} is there already; give a folder that is new or empty")
    folder.mkdir(parents=True, exist_ok=True)
    return [_copy(file, folder, namespaces) for file in sorted(LIBRARY.glob("*.yaml"))]


def _copy(file: Path, folder: Path, namespaces: Sequence[str]) -> Path:
    text = file.read_text(encoding="utf-8")
    if file.name == YOURS:
        assert _NONE_YET in text
        text = text.replace(_NONE_YET, f"namespaces: {json.dumps(list(namespaces))}\n")
    copy = folder / file.name
    copy.write_text(text, encoding="utf-8")
    return copy
