"""The project's own source, as tests of tidiness see it: modules, and who imports whom."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PARTS = ("schemas", "streams", "remediators", "checkout", "deploy", "bench")


@cache
def modules(*parts: str) -> dict[str, ast.Module]:
    """By dotted name; a package goes by its own name."""
    files = [file for part in parts or PARTS for file in (ROOT / part).rglob("*.py")]
    return {name_of(file): ast.parse(file.read_text(), str(file)) for file in files}


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(tree: ast.Module) -> Iterator[str]:
    """Every dotted name that an import statement may mean: `from a import b` gives a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module
            assert not node.level, "imports are written in full here"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def committed() -> list[Path]:
    """Every text file that git knows of, or is about to."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = [ROOT / line for line in listed.stdout.splitlines()]
    return [file for file in files if file.is_file() and b"\0" not in file.read_bytes()[:1024]]
