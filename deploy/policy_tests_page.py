"""The tables of docs/policy-tests.md, made of the tables that tests are read by."""

from pathlib import Path

from deploy.tables import Tables, table
from streams.desk.deeds import VERBS
from streams.desk.expected import EXPECTATIONS

PAGE = Path(__file__).parent.parent / "docs/policy-tests.md"


def _verbs() -> str:
    return table(("key", "what happens"), ((f"`{k}`", verb.about) for k, verb in VERBS.items()))


def _expectations() -> str:
    rows = ((f"`{key}`", row.about) for key, row in EXPECTATIONS.items())
    return table(("key", "what is so"), rows)


TABLES: Tables = {"verbs": _verbs, "expectations": _expectations}
