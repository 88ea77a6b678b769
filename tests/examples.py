"""How many examples of a property are tried, and which.

`make test` tries the same ones until the test is another: one tree has one verdict. `make
properties` looks for what they do not show, with others and more of them each time.
"""

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("MENDLOG_EXAMPLES_TIMES", "1"))
_USUALLY = 100


def examples(number: int) -> int:
    return number * TIMES


def choose_examples() -> None:
    settings.register_profile(
        "ours",
        max_examples=examples(_USUALLY),
        derandomize=TIMES == 1,
        database=None,
        print_blob=True,
        deadline=None,  # Results are judged, not times: other tests may be using the machine.
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("ours")
