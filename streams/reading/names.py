"""Names that one place of a file defines and others use."""

from collections import defaultdict

from yaml.nodes import Node

SHOWN_MAX = 10


class Names:
    """Collected while reading and judged at the end, so that order in the file is free."""

    def __init__(self) -> None:
        self._defined: dict[str, dict[str, Node]] = defaultdict(dict)
        self._used: dict[str, list[tuple[str, Node]]] = defaultdict(list)
        self._twice: list[tuple[str, str, Node]] = []

    def define(self, of: str, name: str, node: Node) -> None:
        if name in self._defined[of]:
            self._twice.append((of, name, node))
        self._defined[of].setdefault(name, node)

    def note(self, of: str, name: str, node: Node) -> None:
        """Defined, and whether that is once is judged elsewhere."""
        self._defined[of].setdefault(name, node)

    def refer(self, of: str, name: str, node: Node) -> None:
        self._used[of].append((name, node))

    def defined(self, of: str) -> dict[str, Node]:
        return dict(self._defined[of])

    def faults(self) -> list[tuple[Node, str]]:
        """What is defined twice, and what is used and nowhere defined."""
        found = [(node, f"a second {of} named {name!r}") for of, name, node in self._twice]
        for of, uses in self._used.items():
            known = _some(sorted(self._defined[of]))
            found += [
                (node, f"no {of} is named {name!r}; known: {known}")
                for name, node in uses
                if name not in self._defined[of]
            ]
        return found


def _some(names: list[str]) -> str:
    more = ", …" if len(names) > SHOWN_MAX else ""
    return ", ".join(names[:SHOWN_MAX]) + more or "none"
