"""`correlation`: which incidents are one, beside those of one group."""

from streams.core.catalogue import Correlation
from streams.policy.selectors import LABEL_NAMES, SOMETHING
from streams.reading.shapes import WORDS, Found, Key, Shape, duration, record

NONE = Correlation()


def _correlation(found: Found) -> Correlation:
    nodes = found["nodes"]
    return Correlation(
        key=found["key"],
        window_ms=found["dependencies_within"],
        nodes=nodes["match"] if nodes else None,
        node_label=nodes["label"] if nodes else NONE.node_label,
        change_within_ms=found["change_within"],
    )


_NODES: Shape[dict[str, object]] = record(
    "nodes",
    {
        "match": Key(SOMETHING, "alerts about a node; what fires on it meanwhile joins them"),
        "label": Key(WORDS, "the label that names the node", NONE.node_label),
    },
    Found.all,
)
CORRELATION: Shape[Correlation] = record(
    "correlation",
    {
        "key": Key(LABEL_NAMES, "alerts with the same values of these, whatever sent them", ()),
        "dependencies_within": Key(
            duration(), "how long after a dependency's incident its dependants join it", 0
        ),
        "nodes": Key(_NODES, "a node and what runs on it", None),
        "change_within": Key(
            duration(), "an incident that opens so soon after a change of its target is its", 0
        ),
    },
    _correlation,
)
