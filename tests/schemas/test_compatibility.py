"""The checker of schema changes, itself checked against what fastavro really reads."""

import io
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import CONFLUENT, DecodeFault, Undecodable, decode
from schemas.compatibility import breaks
from schemas.records import RECORDS
from schemas.shape import schema_of, to_plain
from tests.examples import examples
from tests.schemas.mutations import mutations
from tests.schemas.values import plain_values, without_names


def record(called: str, /, **fields: Any) -> dict[str, Any]:
    listed = [{"name": field, "type": tp} for field, tp in fields.items()]
    return {"type": "record", "name": f"mendlog.{called}", "fields": listed}


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def mapping(values: Any) -> dict[str, Any]:
    return {"type": "map", "values": values}


def enum(*symbols: str) -> dict[str, Any]:
    return {"type": "enum", "name": "mendlog.Mood", "symbols": list(symbols)}


PERSON = record("Person", name="string")
PLAIN = record("Plain", text="string")
RICH = record("Rich", html="string", depth="long")
OLD = record(
    "Note",
    title="string",
    count="long",
    score="double",
    raw="bytes",
    mood=enum("good", "bad"),
    tags=array("string"),
    marks=mapping("long"),
    owner=PERSON,
    author=["null", "mendlog.Person"],
    body=[PLAIN, RICH],
)


def changed(**types: Any) -> dict[str, Any]:
    """OLD with fields of other types; a name that it does not have is a field more, and a type
    with a default is given as a pair."""
    fields = {field["name"]: field for field in OLD["fields"]}
    for name, tp in types.items():
        default = {"default": tp[1]} if isinstance(tp, tuple) else {}
        fields[name] = {"name": name, "type": tp[0] if isinstance(tp, tuple) else tp, **default}
    return {**OLD, "fields": list(fields.values())}


def without(name: str) -> dict[str, Any]:
    return {**OLD, "fields": [field for field in OLD["fields"] if field["name"] != name]}


def with_default(schema: dict[str, Any], name: str, tp: Any, default: Any) -> dict[str, Any]:
    added = {"name": name, "type": tp, "default": default}
    return {**schema, "fields": [*schema["fields"], added]}


READABLE = {
    "nothing changed": OLD,
    "a field with a default more": changed(colour=("string", "red")),
    "a nullable field with a default more": changed(parent=(["null", "string"], None)),
    "a field with a default more, deep inside": changed(
        owner=with_default(PERSON, "team", "string", "")
    ),
    "a field less": without("tags"),
    "fields in another order": {**OLD, "fields": [*OLD["fields"][1:], OLD["fields"][0]]},
    "whole numbers become fractions": changed(count="double"),
    "a field may now be empty": changed(title=["null", "string"]),
    "a record may now be absent": changed(owner=["null", PERSON]),
    "another record in a union": changed(body=[PLAIN, RICH, record("Pdf", pages="long")]),
    "a default for an old field": changed(title=("string", "untitled")),
}
UNREADABLE = {
    "a field without a default more": (changed(colour="string"), "colour: added without a default"),
    "a field without a default more, deep inside": (
        changed(owner=record("Person", name="string", team="string")),
        "owner.team: added without a default",
    ),
    "text becomes a number": (changed(title="long"), "title: string cannot be read as long"),
    "a number becomes text": (changed(count="string"), "count: long cannot be read as string"),
    "fractions become whole": (changed(score="long"), "score: double cannot be read as long"),
    "a number becomes a flag": (changed(count="boolean"), "count: long cannot be read as boolean"),
    "items of another type": (changed(tags=array("long")), "tags[]: string cannot be read as long"),
    "values of another type": (
        changed(marks=mapping("boolean")),
        "marks{}: long cannot be read as boolean",
    ),
    "a list becomes a mapping": (
        changed(tags=mapping("string")),
        "tags: array cannot be read as map",
    ),
    "a record less in a union": (
        changed(body=[PLAIN]),
        "body: mendlog.Rich is no longer among mendlog.Plain",
    ),
    "a record of another name": (
        changed(owner=record("Human", name="string"), author=["null", "mendlog.Human"]),
        "owner: mendlog.Person cannot be read as mendlog.Human",
    ),
    "a change within a union": (
        changed(body=[PLAIN, record("Rich", html="string", depth="string")]),
        "body.depth: long cannot be read as string",
    ),
}
STRICTER_THAN_FASTAVRO = {
    "may no longer be absent": (
        changed(author="mendlog.Person"),
        "author: union cannot be read as mendlog.Person",
    ),
    "a bare record becomes one of several": (
        changed(owner=[PERSON, record("Robot", serial="string")]),
        "owner: mendlog.Person was written without its name",
    ),
    "bytes become text": (changed(raw="string"), "raw: bytes cannot be read as string"),
    "an enum becomes text": (changed(mood="string"), "mood: mendlog.Mood cannot be read as string"),
}


@pytest.mark.parametrize("new", READABLE.values(), ids=READABLE.keys())
@given(data=st.data())
def test_changes_that_keep_old_records_readable(new: Any, data: st.DataObject) -> None:
    assert breaks(OLD, new) == []
    resolve(OLD, new, data.draw(plain_values(OLD)))


@pytest.mark.parametrize(("new", "why"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_changes_that_do_not(new: Any, why: str) -> None:
    assert why in breaks(OLD, new)
    assert some_value_fails(OLD, new)


@pytest.mark.parametrize(
    ("new", "why"), STRICTER_THAN_FASTAVRO.values(), ids=STRICTER_THAN_FASTAVRO.keys()
)
def test_changes_that_fastavro_would_let_pass_at_times(new: Any, why: str) -> None:
    assert why in breaks(OLD, new)


def test_a_new_member_of_our_enums_is_no_change_of_schema() -> None:
    """They are strings on the wire; a reader that does not know a member says so."""
    written = {field["name"]: field["type"] for field in schema_of(BY_NAME["Command"])["fields"]}
    assert written["kind"] == "string"


BY_NAME = {record.__name__: record for record in RECORDS}


@pytest.mark.parametrize("name", ["Alert", "Control", "Incident", "Outcome", "TapeRecord"])
@settings(max_examples=examples(150))
@given(data=st.data())
def test_a_foreign_schema_is_refused_or_read_as_avro_resolves_it(
    name: str, data: st.DataObject
) -> None:
    """The writer's schema is ours, changed at random: as if released before, or by someone else."""
    reader = schema_of(BY_NAME[name])
    writer = data.draw(mutations(reader))
    plain = data.draw(plain_values(writer, BY_NAME[name]))
    framed = bytes([CONFLUENT, 0, 0, 0, 1]) + written(writer, plain)
    value = decode(framed, BY_NAME[name], registry={1: writer}.get)
    if breaks(writer, reader):
        assert isinstance(value, Undecodable)
        assert value.fault is DecodeFault.UNKNOWN_SCHEMA
    else:
        assert not isinstance(value, Undecodable), value
        read = without_names(to_plain(BY_NAME[name])(value))
        assert read == resolve(writer, reader, plain)


def written(schema: Any, plain: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, plain)
    return out.getvalue()


def resolve(writer: Any, reader: Any, plain: Any) -> Any:
    return fastavro.schemaless_reader(io.BytesIO(written(writer, plain)), writer, reader)


def some_value_fails(writer: Any, reader: Any) -> bool:
    failures = []

    @settings(database=None)
    @given(plain=plain_values(writer))
    def attempt(plain: Any) -> None:
        try:
            resolve(writer, reader, plain)
        except Exception as fault:
            failures.append(fault)

    attempt()
    return bool(failures)
