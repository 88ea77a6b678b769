"""The kinds of detections over single series, read from a file of detections."""

from collections.abc import Callable
from math import isfinite

from yaml.nodes import Node

from streams.detect.anomaly import SLOTS, Anomaly
from streams.detect.change import Change
from streams.detect.forecast import Forecast
from streams.detect.rollout import Freeze
from streams.detect.slo_file import NOTHING, decimal, selector, words_of
from streams.detect.threshold import Threshold
from streams.detect.verdict import Limit
from streams.detect.watch import Absence, Detector, Watch
from streams.reading.nodes import Reading, Section

HEADER = "kind, name, of, by, for, labels, annotations"
ABSENT = "absence"
WINDOW_LEAST_MS = 60_000


def read(reading: Reading, section: Section) -> Watch | Absence:
    kind = section.need("kind", lambda n: (n, reading.text(n)), (section.node, ""))
    if kind[1] != ABSENT and kind[1] not in _DETECTORS:
        known = ", ".join(sorted([*_DETECTORS, ABSENT]))
        reading.fault(kind[0], f"unknown: {kind[1]!r}; known: {known}; without a kind: a ratio")
        section.rest()
        return Absence("", NOTHING, (), 0, {}, {})
    name = section.need("name", reading.text, "")
    of = section.need("of", lambda n: selector(reading, n), NOTHING)
    by = section.need("by", lambda n: reading.texts(n, least=1), ())
    least_ms = 1000 if kind[1] == ABSENT else 0
    for_ms = section.need("for", lambda n: reading.duration_ms(n, least=least_ms), least_ms)
    labels = section.may("labels", lambda n: words_of(reading, n), {})
    annotations = section.may("annotations", lambda n: words_of(reading, n), {})
    if kind[1] == ABSENT:
        section.done(HEADER)
        return Absence(name, of, by, for_ms, labels, annotations)
    known, read_detector = _DETECTORS[kind[1]]
    detector = read_detector(reading, section)
    freeze = None
    if kind[1] == Anomaly.kind:
        freeze = section.may("rollouts", lambda n: _freeze(reading, n), None)
    section.done(f"{HEADER}, {known}")
    return Watch(name, of, by, for_ms, labels, annotations, detector, freeze)


def _threshold(reading: Reading, section: Section) -> Detector:
    return Threshold(_limit(reading, section))


def _change(reading: Reading, section: Section) -> Detector:
    return Change(_limit(reading, section), _window_ms(reading, section))


def _forecast(reading: Reading, section: Section) -> Detector:
    within_ms = section.need("within", reading.duration_ms, 1)
    return Forecast(_limit(reading, section), _window_ms(reading, section), within_ms)


def _anomaly(reading: Reading, section: Section) -> Detector:
    deviations = section.need("deviations", lambda n: _number(reading, n, 1.0), 1.0)
    season = section.may("season", lambda n: _season(reading, n), "week")
    least = section.may("least", lambda n: _number(reading, n, 0.0), 0.0)
    return Anomaly(deviations, season, least)


_DETECTORS: dict[str, tuple[str, Callable[[Reading, Section], Detector]]] = {
    Threshold.kind: ("above or below", _threshold),
    Change.kind: ("above or below, window", _change),
    Forecast.kind: ("above or below, window, within", _forecast),
    Anomaly.kind: ("deviations, season, least, rollouts", _anomaly),
}

WATCHES = tuple(_DETECTORS)


def _limit(reading: Reading, section: Section) -> Limit:
    above = section.may("above", lambda n: _number(reading, n), None)
    below = section.may("below", lambda n: _number(reading, n), None)
    if (above is None) == (below is None):
        reading.fault(section.node, "expected 'above' or 'below'")
    return Limit(below, above=False) if below is not None else Limit(above or 0.0)


def _window_ms(reading: Reading, section: Section) -> int:
    return section.need(
        "window", lambda n: reading.duration_ms(n, least=WINDOW_LEAST_MS), WINDOW_LEAST_MS
    )


def _number(reading: Reading, node: Node, least: float | None = None) -> float:
    value = decimal(reading, node)
    if not isfinite(value) or (least is not None and value < least):
        reading.fault(
            node, "expected a number" + ("" if least is None else f", at least {least:g}")
        )
        return 1.0
    return value


def _season(reading: Reading, node: Node) -> str:
    word = reading.text(node)
    if word not in SLOTS:
        reading.fault(node, f"unknown: {word!r}; known: {', '.join(SLOTS)}")
        return "none"
    return word


def _freeze(reading: Reading, node: Node) -> Freeze:
    section = Section(reading, node, "rollouts")
    of = section.need("of", lambda n: selector(reading, n), NOTHING)
    for_ms = section.need("for", reading.duration_ms, 1)
    section.done("of, for")
    return Freeze(of, for_ms)
