"""Mendlog's command line as of a release to come: it knows a logic that this one does not."""

from streams.core import decide
from streams.core.logic import LOGIC_KNOWN

NEXT = max(LOGIC_KNOWN) + 1

if __name__ == "__main__":
    from deploy.cli.main import main

    decide.LOGIC_KNOWN = LOGIC_KNOWN | {NEXT}  # type: ignore[assignment]
    main()
