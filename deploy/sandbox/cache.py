"""Where the sandbox keeps what it fetched or prepared once per user."""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.sandbox.errors import SandboxError


def cache_dir(env: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_CACHE_HOME/mendlog`, else `~/.cache/mendlog`, else `.cache/mendlog` right here."""
    of_user, here = _user_cache(env) / "mendlog", Path.cwd() / ".cache" / "mendlog"
    for folder in (of_user, here):
        if _writable(folder):
            return folder
    raise SandboxError(
        f"Neither {of_user} nor {here} can be written to. Set XDG_CACHE_HOME to a folder of yours."
    )


@contextmanager
def exclusive(lock_file: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """One process at a time; `on_wait` is called once if another one is inside.

    The kernel drops the lock with its holder, so a killed process blocks nobody.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def write_whole(file: Path, text: str) -> None:
    """A reader, or we ourselves after a crash, find the old text or the new one, never half."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(text)
    os.replace(draft, file)


def _user_cache(env: Mapping[str, str]) -> Path:
    chosen = Path(env.get("XDG_CACHE_HOME", ""))
    # The XDG specification: a relative path is invalid and to be ignored.
    return chosen if chosen.is_absolute() else Path(env.get("HOME") or Path.home()) / ".cache"


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
