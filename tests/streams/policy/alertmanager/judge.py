"""Asks the Go program; it is built once for each version of it."""

import hashlib
import json
import os
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "judge"


def ask(questions: list[dict[str, Any]]) -> list[Any]:
    """All of them in one process; its time zones are the ones that Mendlog has."""
    done = subprocess.run(
        [_built()],
        input="\n".join(json.dumps(question) for question in questions),
        env=os.environ | {"ZONEINFO": str(files("tzdata").joinpath("zoneinfo"))},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def version() -> str:
    """Of Alertmanager, as the judge pins it."""
    wanted = "github.com/prometheus/alertmanager"
    line = next(line for line in (SOURCE / "go.mod").read_text().splitlines() if wanted in line)
    return line.split()[-1]


def program() -> Path:
    """Where it is once it is built, which takes a minute or two."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", "main.go"):
        digest.update((SOURCE / name).read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return cache / "mendlog" / f"alertmanager-judge-{digest.hexdigest()[:16]}"


def _built() -> Path:
    built = program()
    if not built.exists():
        built.parent.mkdir(parents=True, exist_ok=True)
        made = built.with_suffix(f".{os.getpid()}")
        subprocess.run(["go", "build", "-o", made, "."], cwd=SOURCE, check=True)
        made.rename(built)
    return built
