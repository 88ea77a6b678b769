"""Finds a Go toolchain that can build what `go.mod` asks for."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.sandbox.errors import SandboxError

SWITCHING_SINCE = (1, 21)
"""From here on Go fetches a newer release of itself where `go.mod` asks for one."""
BUILD = {"CGO_ENABLED": "0", "GO111MODULE": "on", "GOWORK": "off"}
"""No C compiler, and no workspace of somebody else's above us. The rest is as the user has set
it, so that their GOPROXY, GOSUMDB and caches apply."""


class GoUnavailable(SandboxError):
    """No Go here that can build it."""


@dataclass(frozen=True, slots=True)
class Go:
    path: Path
    version: str

    def argv(self, *arguments: str) -> list[str]:
        return [str(self.path), *arguments]


def find_go(module: Path, env: Mapping[str, str] = os.environ) -> Go:
    """The one on the PATH, or the release that it fetches for `module`."""
    wanted = _wanted(module)
    found = shutil.which("go", path=env.get("PATH"))
    if found is None:
        raise GoUnavailable(f"No Go on the PATH. {_advice(wanted)}")
    asked = [found, "env", "GOVERSION"]
    answer = subprocess.run(
        asked, cwd=module, env=environment(env), capture_output=True, text=True, check=False
    )
    version = answer.stdout.strip().removeprefix("go")
    if answer.returncode != 0:
        raise GoUnavailable(f"{found} says: {answer.stderr.strip()}. {_advice(wanted)}")
    if _numbers(version) < _numbers(wanted):
        raise GoUnavailable(f"{found} is Go {version or 'unknown'}. {_advice(wanted)}")
    return Go(Path(found), version)


def environment(env: Mapping[str, str] = os.environ) -> dict[str, str]:
    return {**env, **BUILD}


def _wanted(module: Path) -> str:
    return line_of(module, r"go (\S+)")


def line_of(module: Path, pattern: str) -> str:
    """What the group of `pattern` is in that line of its `go.mod`."""
    text = (module / "go.mod").read_text()
    found = re.search(rf"^\s*{pattern}\s*$", text, re.MULTILINE)
    assert found is not None, f"{module}/go.mod has no line {pattern}"
    return found.group(1)


def _advice(wanted: str) -> str:
    since = ".".join(map(str, SWITCHING_SINCE))
    return (
        f"The control plane needs Go {wanted} or newer: go.dev/dl, "
        f"or Go {since} or newer with GOTOOLCHAIN=auto and a way to the module proxy."
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
