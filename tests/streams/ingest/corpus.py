"""Bodies as the sources send them, each with what it is read as.

    python -m tests.streams.ingest.corpus --record [FORMAT ...]

`fixtures/FORMAT/CASE.json` is a body, byte for byte; `CASE.parsed.json` beside it what `mendlog
ingest parse --json` says of it, and what is wrong with it. Read what was recorded before you
commit it.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.cli.ingest import row
from streams.ingest.formats.catalog import FORMATS
from tests.streams.ingest.payloads import FIXTURES, RECEIVED_MS

PARSED = ".parsed.json"
SOURCE = "sender"


def cases(format: str) -> Iterator[Path]:
    folder = FIXTURES / format
    return (file for file in sorted(folder.glob("*.json")) if not file.name.endswith(PARSED))


def everything() -> list[tuple[str, Path]]:
    return [(format, case) for format in FORMATS for case in cases(format)]


def read_as(format: str, case: Path) -> dict[str, Any]:
    parsed = FORMATS[format].parse(case.read_bytes(), SOURCE, RECEIVED_MS)
    return {
        "alerts": [row(seen) for seen in parsed.sightings],
        "faults": [{"reason": fault.reason.value, "fault": str(fault)} for fault in parsed.faults],
    }


def recorded(case: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(beside(case).read_bytes())
    return found


def beside(case: Path) -> Path:
    return case.with_name(case.stem + PARSED)


def main(arguments: list[str]) -> int:
    if arguments[:1] != ["--record"]:
        print(__doc__)
        return 2
    for format in arguments[1:] or FORMATS:
        for case in cases(format):
            text = json.dumps(read_as(format, case), indent=2, ensure_ascii=False)
            beside(case).write_text(text + "\n")
            print(f"wrote {beside(case).relative_to(FIXTURES)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
