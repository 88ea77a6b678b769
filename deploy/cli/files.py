"""Files that commands write: whether they can is found out before anything is asked."""

import os
from pathlib import Path

import typer


def writable(path: Path | None) -> Path | None:
    """The callback of an option that names such a file."""
    if path is None:
        return None
    if not path.parent.is_dir():
        raise typer.BadParameter(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise typer.BadParameter(f"{path}: is a folder")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise typer.BadParameter(f"{path}: may not be written")
    return path
