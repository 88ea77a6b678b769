"""See the package's docstring."""

import sys

from tests.streams.policy.alertmanager.answers import asked_again, recorded, write, write_keys


def main(arguments: list[str]) -> int:
    if "--keys" in arguments:
        write_keys()
        return 0
    found = asked_again()
    if "--check" in arguments:
        return int(found != recorded())
    write(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
