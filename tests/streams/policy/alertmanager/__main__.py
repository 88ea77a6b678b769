"""See the package's docstring."""

import sys

from tests.streams.policy.alertmanager.answers import asked_again, recorded, write


def main(arguments: list[str]) -> int:
    found = asked_again()
    if "--check" in arguments:
        return int(found != recorded())
    write(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
