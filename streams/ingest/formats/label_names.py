"""Names of fields as sources write them -> names of labels."""

import re

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def label_name(text: str) -> str:
    """`ResourceId`, `resource-id` and `Resource Id` are all `resource_id`. Empty where no part of
    it can stand in a name."""
    words = _WORD_BEGINS.sub("_", text).lower()
    return _NOT_IN_NAMES.sub("_", words).strip("_")
