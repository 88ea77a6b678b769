"""What is said once about a value is how it is read and what an editor is told."""

from typing import Any

import pytest

from streams.reading.faults import FileError
from streams.reading.nodes import Reading, spoken
from streams.reading.shapes import (
    FLAG,
    PERCENT,
    TEXT,
    WORDS,
    Found,
    Key,
    Shape,
    Unreadable,
    checked,
    duration,
    either,
    list_of,
    made,
    map_of,
    names,
    one_of,
    record,
    referred,
    refers_to,
    tagged,
    whole,
)


def read(shape: Shape[Any], text: str) -> Any:
    reading = Reading("f.yaml")
    value = None
    try:
        value = shape.read(reading, reading.root(text))
    except Unreadable:
        assert reading.faults
    reading.settle_names()
    reading.stop_at_faults()
    return value


def faults(shape: Shape[Any], text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        read(shape, text)
    return [str(fault).removeprefix("f.yaml:") for fault in caught.value.faults]


def _span(found: Found) -> tuple[int, int]:
    if found["first"] > found["last"]:
        found.fault("last", "comes before the first")
    return found["first"], found["last"]


SPAN = record("a span", {"first": Key(whole()), "last": Key(whole(), "the end", 9)}, _span)


def test_a_record_with_what_is_written_and_what_is_left_out() -> None:
    assert read(SPAN, "{first: 1, last: 2}") == (1, 2)
    assert read(SPAN, "first: 1") == (1, 9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("last: 1", ["1:1: a span needs 'first'"]),
        ("[1]", ["1:1: expected the keys of a span"]),
        ("{first: 1, lst: 2}", ["1:12: unknown key 'lst' in a span; it knows first, last"]),
        ("{first: 1, first: 1}", ["1:12: 'first' is here twice"]),
        ("{first: 3, last: 2}", ["1:18: comes before the first"]),
        ("{first: 10}", ["1:1: comes before the first"]),
        ("{first: x, last: 0}", ["1:9: expected a whole", "1:18: expected a number"]),
    ],
)
def test_what_is_wrong_with_a_record(text: str, expected: list[str]) -> None:
    found = faults(SPAN, text)
    assert len(found) == len(expected), found
    assert all(one.startswith(begin) for one, begin in zip(found, expected, strict=True)), found


def test_a_rule_over_several_values_is_judged_only_where_each_could_be_read() -> None:
    """One mistake is one fault."""
    several = checked(list_of(SPAN), lambda reading, node, _: reading.fault(node, "too many"))
    assert faults(several, "[{first: x}, {first: 1}]") == ["1:10: expected a whole number, not 'x'"]
    assert faults(several, "[{first: 1}]") == ["1:1: too many"]
    assert faults(made(whole(), lambda _: 1 / 0), "x") == ["1:1: expected a whole number, not 'x'"]


def test_a_tag_says_which_record_it_is() -> None:
    one = record("it", {"kind": Key(TEXT), "size": Key(whole())}, lambda found: found["size"])
    two = record("it", {"kind": Key(TEXT)}, lambda _: "two")
    shape = tagged("it", "kind", {"one": one, "two": two})
    assert read(shape, "{kind: one, size: 3}") == 3
    assert read(shape, "{kind: two}") == "two"
    assert faults(shape, "{kind: three}") == ["1:8: unknown: 'three'; known: one, two"]
    assert faults(shape, "{size: 1}") == ["1:1: it needs 'kind'"]
    assert faults(shape, "{kind: two, size: 1}") == [
        "1:13: unknown key 'size' in it; it knows kind"
    ]


def test_a_short_form_and_a_long_one() -> None:
    shape = either(made(whole(), lambda n: (n, n)), SPAN)
    assert read(shape, "4") == (4, 4)
    assert read(shape, "{first: 1, last: 2}") == (1, 2)


def test_names_are_judged_at_the_end_and_once() -> None:
    thing = record(
        "a thing",
        {"name": Key(names("thing")), "needs": Key(list_of(refers_to("thing")), "", ())},
        lambda found: found["name"],
    )
    things = list_of(thing)
    assert read(things, "[{name: a, needs: [b]}, {name: b}]") == ("a", "b")
    assert faults(things, "[{name: a, needs: [c]}, {name: a}]") == [
        "1:20: no thing is named 'c'; known: a",
        "1:32: a second thing named 'a'",
    ]
    many = ", ".join(f"{{name: n{n:02}}}" for n in range(12))
    assert faults(things, f"[{many}, {{name: last, needs: [z]}}]")[0].endswith("n07, n08, …")


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        (TEXT, '"no"', "no"),
        (WORDS, "a b", '" "'),
        (FLAG, "true", "yes"),
        (PERCENT, "100", "101"),
        (duration(), "1h30m", "90"),
        (duration(most_ms=1000), "1s", "2s"),
        (one_of({"off": "", "on": ""}), "off", "Off"),
        (map_of(TEXT, whole()), "{a: 1}", "{a: b}"),
        (referred(FLAG, "flag"), "false", "0"),
    ],
)
def test_values(shape: Shape[Any], good: str, bad: str) -> None:
    read(shape, good)
    assert len(faults(shape, bad)) == 1


def test_what_an_editor_is_told_of_a_record() -> None:
    assert SPAN.schema["required"] == ["first"]
    assert SPAN.schema["additionalProperties"] is False
    assert SPAN.schema["properties"]["last"]["description"] == "the end"


@pytest.mark.parametrize(
    ("span_ms", "text"),
    [(0, "0s"), (1, "1ms"), (90_000, "1m30s"), (86_400_000, "1d"), (5_400_001, "1h30m1ms")],
)
def test_a_span_is_spoken_as_it_is_written(span_ms: int, text: str) -> None:
    assert spoken(span_ms) == text
    if span_ms:
        assert read(duration(), text) == span_ms


def test_a_fault_of_another_composers_node_is_in_the_file_that_is_read() -> None:
    reading = Reading("f.yaml")
    node = Reading("other.yaml").root("a")
    reading.fault(node, "so")
    assert [str(fault) for fault in reading.faults] == ["f.yaml:1:1: so"]
