"""The file of detections: text into rules, or all that is wrong with it."""

from collections.abc import Callable
from pathlib import Path

from yaml.nodes import Node

from streams.detect import kinds
from streams.detect.burn import Slo
from streams.detect.rule import RatioRule
from streams.detect.slo_file import NOTHING, compile_slo, decimal, selector, words_of
from streams.detect.watch import Absence, Watch
from streams.reading.faults import Fault, FileError
from streams.reading.nodes import Reading, Section

Rule = RatioRule | Watch | Absence | Slo
RATIO_WINDOW_MAX_MS = 5 * 60_000
"""For so long the host keeps samples."""


def load_rules(path: Path) -> tuple[Rule, ...]:
    """SLO files are named relative to the file of detections."""
    return compile_rules(_text(path), str(path), lambda name: _text(path.parent / name))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as fault:
        raise FileError([Fault(str(path), 1, 1, f"not UTF-8: {fault.reason}")]) from None


def _no_files(name: str) -> str:
    raise FileNotFoundError(name)


def compile_rules(
    text: str, file: str = "detections", read: Callable[[str], str] = _no_files
) -> tuple[Rule, ...]:
    reading = Reading(file)
    top = Section(reading, reading.root(text), "a file of detections")
    top.need("version", lambda n: reading.whole(n, most=1), 1)
    slos = top.may(
        "slos", lambda n: tuple(_slo(reading, item, read) for item in reading.items(n)), ()
    )
    ask = top.may if slos else top.need
    rules: tuple[Rule, ...] = ask(
        "detections", lambda n: tuple(_rule(reading, item) for item in reading.items(n)), ()
    )
    top.done("version, detections, slos")
    found = (*rules, *(slo for slo in slos if slo is not None))
    _refuse_twins(reading, top.node, found)
    _refuse_slashes(reading, top.node, found)
    reading.stop_at_faults()
    return found


def _slo(reading: Reading, node: Node, read: Callable[[str], str]) -> Slo | None:
    section = Section(reading, node, "an SLO's place")
    file = section.need("file", lambda n: (n, reading.text(n)), None)
    by = section.need("by", lambda n: reading.texts(n, least=1), ())
    labels = section.may("labels", lambda n: words_of(reading, n), {})
    section.done("file, by, labels")
    if file is None:
        return None
    try:
        return compile_slo(read(file[1]), file[1], by, labels)
    except OSError as fault:
        reading.fault(file[0], f"cannot be read: {fault.strerror or 'no such file'}")
    except FileError as fault:
        reading.faults += fault.faults
    return None


def _refuse_twins(reading: Reading, node: Node, rules: tuple[Rule, ...]) -> None:
    names = [rule.name for rule in rules]
    for name in sorted({n for n in names if names.count(n) > 1}):
        reading.fault(node, f"two detections are named {name!r}")


def _refuse_slashes(reading: Reading, node: Node, rules: tuple[Rule, ...]) -> None:
    """Keys of the journal that begin with one are its own."""
    for rule in rules:
        if rule.name.startswith("/"):
            reading.fault(node, f"the name of a detection cannot begin with '/': {rule.name!r}")


def _rule(reading: Reading, node: Node) -> Rule:
    section = Section(reading, node, "a detection")
    if "kind" in section:
        return kinds.read(reading, section)
    rule = RatioRule(
        name=section.need("name", reading.text, ""),
        part=section.need("part", lambda n: selector(reading, n), NOTHING),
        whole=section.need("whole", lambda n: selector(reading, n), NOTHING),
        by=section.need("by", lambda n: reading.texts(n, least=1), ()),
        window_ms=section.need("window", lambda n: _window_ms(reading, n), 1000),
        for_ms=section.need("for", lambda n: reading.duration_ms(n, least=0), 0),
        above=section.need("above", lambda n: _share(reading, n), 0.0),
        least=float(section.need("least", reading.whole, 1)),
        labels=section.may("labels", lambda n: words_of(reading, n), {}),
        annotations=section.may("annotations", lambda n: words_of(reading, n), {}),
    )
    section.done("name, part, whole, by, window, for, above, least, labels, annotations")
    return rule


def _window_ms(reading: Reading, node: Node) -> int:
    return reading.duration_ms(node, least=1000, most=RATIO_WINDOW_MAX_MS)


def _share(reading: Reading, node: Node) -> float:
    value = decimal(reading, node)
    if not 0.0 < value < 1.0:
        reading.fault(node, "expected a share between 0 and 1, such as 0.05")
    return value
