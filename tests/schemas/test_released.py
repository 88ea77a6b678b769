"""What was released stays readable: schemas, and the bytes that they wrote."""

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import SINGLE_OBJECT, Undecodable, decode, released, schema_fingerprint
from schemas.compatibility import breaks
from schemas.records import RECORDS
from schemas.release import FOLDER as AVRO
from schemas.release import unreleased
from schemas.shape import schema_of, to_plain
from tests.schemas import goldens
from tests.schemas.values import plain_values, without_names

BY_NAME = {record.__name__: record for record in RECORDS}
VERSIONS = [
    pytest.param(BY_NAME[name.rpartition(".")[2]], schema, id=f"{name}.v{number}")
    for name, schemas in released().items()
    for number, schema in enumerate(schemas, start=1)
]
GOLDENS = [
    pytest.param(file.name.split(".")[0], case, id=f"{file.stem} {case['case']}")
    for file in sorted(goldens.FOLDER.glob("*.json"))
    for case in json.loads(file.read_text())
]


def test_every_record_is_released_in_its_present_shape() -> None:
    waiting = [record.__name__ for record in unreleased()]
    assert not waiting, f"changed since their last release: {waiting}; python -m schemas.release"


def test_names_of_records_are_unique() -> None:
    assert len(BY_NAME) == len(RECORDS)


def test_files_are_numbered_from_one_and_named_for_their_record() -> None:
    found = {file.name for file in AVRO.glob("*.avsc")}
    assert found == {
        f"{name.rpartition('.')[2]}.v{number}.avsc"
        for name, schemas in released().items()
        for number in range(1, len(schemas) + 1)
    }
    for file in AVRO.glob("*.avsc"):
        assert json.loads(file.read_text())["name"] == f"mendlog.{file.name.split('.')[0]}"


@pytest.mark.parametrize(("record", "schema"), VERSIONS)
def test_every_version_can_be_read_as_the_newest(record: type, schema: Any) -> None:
    assert breaks(schema, schema_of(record)) == []


@pytest.mark.parametrize(("record", "schema"), VERSIONS)
@given(data=st.data())
def test_whatever_a_version_wrote_is_read_as_avro_resolves_it(
    record: type, schema: Any, data: st.DataObject
) -> None:
    written = io.BytesIO()
    fastavro.schemaless_writer(written, schema, data.draw(plain_values(schema, record)))
    body = written.getvalue()
    resolved = fastavro.schemaless_reader(io.BytesIO(body), schema, schema_of(record))
    value = decode(SINGLE_OBJECT + schema_fingerprint(schema) + body, record)
    assert not isinstance(value, Undecodable), value
    assert without_names(to_plain(record)(value)) == resolved


def test_every_version_has_its_golden_bytes() -> None:
    assert not goldens.missing(), "python -m tests.schemas.goldens"


@pytest.mark.parametrize(("name", "case"), GOLDENS)
def test_golden_bytes_are_read_as_what_was_written(name: str, case: Any) -> None:
    value = decode(bytes.fromhex(case["bytes"]), BY_NAME[name])
    assert not isinstance(value, Undecodable), value
    assert_shows(value, case["value"])


def assert_shows(value: Any, expected: Any) -> None:
    """Equal in all that was written; a field that is younger than the bytes has its default."""
    if not dataclasses.is_dataclass(value):
        assert goldens.shown(value) == expected or same_items(value, expected)
        return
    assert type(value).__name__ == expected["record"]
    for f in dataclasses.fields(value):
        if f.name in expected:
            assert_shows(getattr(value, f.name), expected[f.name])
        else:
            default = f.default if f.default_factory is dataclasses.MISSING else f.default_factory()
            assert getattr(value, f.name) == default


def same_items(value: Any, expected: Any) -> bool:
    """Records within tuples and mappings may have grown as well."""
    pairs = (
        [(value[key], expected[key]) for key in value]
        if isinstance(value, dict)
        else list(zip(value, expected, strict=True))
    )
    for item, shown in pairs:
        assert_shows(item, shown)
    return True


def test_a_golden_belongs_to_a_released_version() -> None:
    for file in goldens.FOLDER.iterdir():
        assert (AVRO / Path(file.name).with_suffix(".avsc").name).exists(), file.name
