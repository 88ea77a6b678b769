"""See the package's docstring."""

import sys

from tests.golden import states
from tests.golden.files import decided, names, read_decisions, write_decisions, write_tape
from tests.golden.histories import HISTORIES
from tests.golden.history import played


def main(arguments: list[str]) -> int:
    if "--state" in arguments:
        return states.write()
    if "--check" in arguments:
        return int(any(decided(name) != read_decisions(name) for name in names()))
    if "--record" in arguments:
        for name, history in HISTORIES.items():
            write_tape(name, played(history).tape)
    for name in names():
        write_decisions(name)
        print(f"wrote {name}: {len(read_decisions(name))} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
