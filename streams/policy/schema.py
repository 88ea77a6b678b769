"""A policy's JSON Schema, made of the tables that the reader reads by.

`python -m deploy.docs` writes it to docs/policy.schema.json.

It says what an editor can help with. References between sections, conditions and matchers are
judged by `mendlog policy check`.
"""

import json
from typing import Any

from streams.policy.load import POLICY
from streams.policy.steps import APPROVAL, MODE
from streams.policy.telling import ROUTE_SCHEMA
from streams.policy.verification import VERIFY

SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Mendlog policy",
    "description": "What Mendlog may do, where, and what stops it",
    **POLICY.schema,
    "definitions": {
        "route": ROUTE_SCHEMA,
        "mode": MODE.schema,
        "approval": APPROVAL.schema,
        "verify": VERIFY.schema,
    },
}


def written() -> str:
    return json.dumps(SCHEMA, indent=1, ensure_ascii=False) + "\n"
