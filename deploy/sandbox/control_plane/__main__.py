"""`python -m deploy.sandbox.control_plane build`: build its programs, or say that they are there.

`check` only says whether this machine can, and exits 1 where it cannot.
"""

import argparse
import sys
from collections.abc import Sequence

from deploy.sandbox.control_plane import build
from deploy.sandbox.control_plane.go import find_go
from deploy.sandbox.errors import SandboxError
from deploy.sandbox.progress import reporter


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.sandbox.control_plane", description=__doc__
    )
    parser.add_argument("action", choices=("build", "check"))
    action = parser.parse_args(arguments).action
    progress = reporter()
    try:
        if action == "build":
            progress.say(f"Kubernetes {build.kubernetes_version()} in {build.programs(progress)}")
        elif not build.is_current(build.control_plane(), build.folder()):
            progress.say(f"Go {find_go(build.HERE).version} can build the control plane")
    except SandboxError as error:
        progress.say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
