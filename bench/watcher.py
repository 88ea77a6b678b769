"""What the watcher's process takes of memory with 5,000 pods: as the test of its size measures it.

    python -m bench.watcher

Started as a program of its own, since nothing here may import tests.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PROGRAM = "tests.deploy.watcher_size"


def figures() -> dict[str, Any] | None:
    if not Path("/proc/self/status").exists():
        print("watcher: needs Linux's account of memory: not measured", file=sys.stderr)
        return None
    command = [sys.executable, "-m", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"the watcher: {found['mib_max']} MiB with {found['pods']:,} pods")
    return found


if __name__ == "__main__":
    print(json.dumps(figures(), indent=1))
