"""`python -m schemas.release`: write the next version of every record whose shape has changed.

A released file is never edited: records of that shape are on somebody's tape.
"""

import json
from pathlib import Path

from schemas.codec import released
from schemas.records import RECORDS
from schemas.shape import full_name, schema_of

FOLDER = Path(__file__).parent / "avro"


def unreleased() -> dict[type, int]:
    """Records whose class differs from their newest .avsc, and the version number to come."""
    versions = {record: released().get(full_name(record), ()) for record in RECORDS}
    return {
        record: len(known) + 1
        for record, known in versions.items()
        if not known or known[-1] != schema_of(record)
    }


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for record, version in unreleased().items():
        path = FOLDER / f"{record.__name__}.v{version}.avsc"
        path.write_text(json.dumps(schema_of(record), indent=1) + "\n")
        print(f"wrote {path.name}")  # noqa: T201


if __name__ == "__main__":
    main()
