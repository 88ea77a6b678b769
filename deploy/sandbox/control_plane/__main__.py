"""Build a real control plane, or run a command beside one.

`build` builds its programs, or says that they are there; `check` says whether this machine can,
and exits 1 where it cannot; `run COMMAND` starts one with nodes, runs the command with KUBECONFIG
and MENDLOG_TEST_KUBECONFIG pointing there, and ends with the command's own exit code. A shell is
a command as well. What `mendlog` does there it does as an executor with its rights and no other.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deploy.sandbox.control_plane import build
from deploy.sandbox.control_plane.credentials import CONTEXT
from deploy.sandbox.control_plane.go import find_go
from deploy.sandbox.control_plane.handle import ControlPlane
from deploy.sandbox.control_plane.identities import executor_rules
from deploy.sandbox.control_plane.parts import Layout
from deploy.sandbox.errors import SandboxError
from deploy.sandbox.progress import Reporter, reporter


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.sandbox.control_plane",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=("build", "check", "run"))
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    if bool(given.command) != (given.action == "run"):
        parser.error("run takes a command, the others take none")
    progress = reporter()
    try:
        match given.action:
            case "build":
                release, folder = build.kubernetes_version(), build.programs(progress)
                progress.say(f"Kubernetes {release} in {folder}")
            case "check":
                _check(progress)
            case _:
                return _run(given.command, progress)
    except SandboxError as error:
        progress.say(str(error))
        return 1
    return 0


def _check(progress: Reporter) -> None:
    if build.is_current(build.control_plane(), build.folder()):
        progress.say("the control plane is built")
    else:
        progress.say(f"Go {find_go(build.HERE).version} can build the control plane")


def _run(command: Sequence[str], progress: Reporter) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    programs = build.programs(progress)
    with (
        tempfile.TemporaryDirectory(prefix="mendlog-") as folder,
        ControlPlane(Layout.choose(Path(folder), programs)) as plane,
    ):
        progress.say(f"the control plane answers at {plane.url}")
        executor = plane.identity("executor", executor_rules())
        ours = {
            "KUBECONFIG": str(plane.kubeconfig),
            "MENDLOG_CLUSTERS": json.dumps(
                {CONTEXT: {"context": CONTEXT, "kubeconfig": str(executor)}}
            ),
            "MENDLOG_TEST_KUBECONFIG": str(plane.kubeconfig),
            "MENDLOG_TEST_CONTEXT": CONTEXT,
        }
        return subprocess.run(command, env={**os.environ, **ours}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
