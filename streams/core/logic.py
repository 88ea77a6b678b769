"""Which behaviour of the core is in force, as the tape says.

A release that changes what `decide` does for any history adds a version here and keeps every one
that may still be inside retention; without that, yesterday's tape would not replay.
"""

LOGIC_FIRST = 1
LOGIC_KNOWN = frozenset({1})


class UnknownLogic(Exception):
    """The tape asks for a behaviour that this release does not hold."""

    exit_code = 78
    reason = "unknown_logic"

    def __init__(self, version: int) -> None:
        known = ", ".join(str(v) for v in sorted(LOGIC_KNOWN))
        super().__init__(
            f"the tape has activated logic {version} and this release knows {known}: "
            "run the release that introduced it"
        )
        self.version = version
