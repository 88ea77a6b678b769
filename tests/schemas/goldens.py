"""`python -m tests.schemas.goldens`: write the golden bytes of every version that has none yet.

A golden is what a release really wrote, so it is never written again: whatever the records become,
these bytes are on somebody's tape.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

from schemas.codec import encode, released
from schemas.records import RECORDS
from schemas.shape import full_name
from tests.schemas.examples import examples

FOLDER = Path(__file__).parent / "golden"


def path(record: str, version: int) -> Path:
    return FOLDER / f"{record}.v{version}.json"


def missing() -> list[tuple[str, int]]:
    return [
        (name.rpartition(".")[2], version)
        for name, versions in released().items()
        for version in range(1, len(versions) + 1)
        if not path(name.rpartition(".")[2], version).exists()
    ]


def shown(value: Any) -> Any:
    """A record as JSON that a reviewer can read; `record` says which of a union it is."""
    if dataclasses.is_dataclass(value):
        fields = {f.name: shown(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"record": type(value).__name__, **fields}
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, tuple):
        return [shown(item) for item in value]
    if isinstance(value, dict):
        return {key: shown(value[key]) for key in sorted(value)}
    return value


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    by_name = {record.__name__: record for record in RECORDS}
    for name, version in missing():
        record = by_name[name]
        newest = len(released()[full_name(record)])
        assert version == newest, f"only the release that brings {name}.v{version} can write it"
        cases = [
            {"case": case, "bytes": encode(value).hex(), "value": shown(value)}
            for case, value in examples(record).items()
        ]
        text = json.dumps(cases, indent=1, ensure_ascii=False)
        path(name, version).write_text(text + "\n")
        print(f"wrote {path(name, version).name}")


if __name__ == "__main__":
    main()
