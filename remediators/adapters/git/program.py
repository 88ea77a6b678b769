"""The program `git`, without anything of the machine: no settings of a user, no hooks, no prompts,
no redirects, and no longer than it may take."""

import asyncio
import base64
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SETTINGS = {
    "core.hooksPath": os.devnull,
    "credential.helper": "",
    "http.followRedirects": "false",
    "protocol.allow": "never",
    "protocol.https.allow": "always",
    "protocol.file.allow": "always",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "user.name": "Mendlog",
    "user.email": "mendlog@localhost",
}
OUTPUT_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ran:
    """`code` None: it did not end in time, and was ended."""

    code: int | None
    out: str
    err: str

    @property
    def fault(self) -> str:
        lines = [line.strip() for line in self.err.splitlines() if line.strip()]
        return lines[-1][:200] if lines else f"git ended with {self.code}"


class Git:
    """In one bare repository of our own."""

    def __init__(self, folder: Path, timeout_s: float, token_file: Path | None = None) -> None:
        self.folder = folder
        self._timeout_s = timeout_s
        self._token_file = token_file

    async def run(
        self, *arguments: str, stdin: str = "", more: Mapping[str, str] | None = None
    ) -> Ran:
        """Raises OSError where there is no such program, or no token."""
        process = await asyncio.create_subprocess_exec(
            "git",
            *arguments,
            cwd=self.folder,
            env={**self._environment(), **(more or {})},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                out, err = await process.communicate(stdin.encode())
        except BaseException as fault:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            if isinstance(fault, TimeoutError):
                return Ran(None, "", f"not ended within {self._timeout_s:g} s")
            raise
        return Ran(process.returncode, _text(out), _text(err))

    def _environment(self) -> dict[str, str]:
        settings = {**SETTINGS, **self._credentials()}
        pairs: dict[str, str] = {}
        for nth, (key, value) in enumerate(settings.items()):
            pairs |= {f"GIT_CONFIG_KEY_{nth}": key, f"GIT_CONFIG_VALUE_{nth}": value}
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_COUNT": str(len(settings)),
            **pairs,
        }

    def _credentials(self) -> dict[str, str]:
        """Through the environment: arguments are everybody's to read."""
        if self._token_file is None:
            return {}
        token = self._token_file.read_text(encoding="ascii").strip()
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        return {"http.extraHeader": f"Authorization: Basic {basic}"}


def _text(raw: bytes) -> str:
    return raw[:OUTPUT_BYTES_MAX].decode(errors="replace")
