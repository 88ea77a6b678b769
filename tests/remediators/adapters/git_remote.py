"""A real bare repository, and somebody who commits to it."""

import os
import subprocess
from pathlib import Path
from typing import Literal

from remediators.adapters.git.file import RegisteredForge, RegisteredRepository

PATH = "apps/shop"
AT_S = 1_767_225_000


class Remote:
    """A bare repository, and somebody who commits to it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._desk = folder / "remote.git", folder / "desk"
        self._count = 0
        self.git("init", "-q", "--bare", "-b", "main", str(self.folder), cwd=folder)
        self.git("clone", "-q", str(self.folder), str(self._desk), cwd=folder)
        self.git("symbolic-ref", "HEAD", "refs/heads/main", cwd=self._desk)
        self.commits("first", {f"{PATH}/web.yaml": "image: 1", "other/x": "1"})
        self.commits(
            "second", {f"{PATH}/web.yaml": "image: 2", f"{PATH}/new.yaml": "n", "other/x": "2"}
        )

    def commits(self, subject: str, files: dict[str, str]) -> str:
        self.git(
            "pull", "-q", "--ff-only", "origin", "main", cwd=self._desk
        ) if self._count else None
        self._count += 1
        for name, text in files.items():
            (self._desk / name).parent.mkdir(parents=True, exist_ok=True)
            (self._desk / name).write_text(text)
        self.git("add", "-A", cwd=self._desk)
        self.git("commit", "-q", "-m", subject, cwd=self._desk)
        self.git("push", "-q", "origin", "HEAD:main", cwd=self._desk)
        return self.git("rev-parse", "HEAD", cwd=self._desk)

    def merges(self, branch: str, way: str) -> str:
        """As forges do, and in words that are not ours."""
        self.git("pull", "-q", "--ff-only", "origin", "main", cwd=self._desk)
        self.git("fetch", "-q", "origin", branch, cwd=self._desk)
        self._count += 1
        if way == "merge":
            words = "Merge pull request #1"
            self.git("merge", "-q", "--no-ff", "-m", words, "FETCH_HEAD", cwd=self._desk)
        elif way == "squash":
            self.git("merge", "-q", "--squash", "FETCH_HEAD", cwd=self._desk)
            self.git("commit", "-q", "-m", "Back to image 1 (#1)", cwd=self._desk)
        else:
            self.git("cherry-pick", "FETCH_HEAD", cwd=self._desk)
        self.git("push", "-q", "origin", "HEAD:main", cwd=self._desk)
        return self.git("rev-parse", "HEAD", cwd=self._desk)

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        who = {
            f"GIT_{role}_{what}": "ann"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        when = {
            f"GIT_{role}_DATE": f"{AT_S + self._count} +0000" for role in ("AUTHOR", "COMMITTER")
        }
        plain = {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PATH": os.environ["PATH"],
        }
        ran = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.folder,
            env=plain | who | when,
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout.strip()

    def file(self, ref: str, name: str) -> str:
        return self.git("show", f"{ref}:{name}")

    def branches(self) -> list[str]:
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()


def registered(
    remote: Remote,
    mode: Literal["push", "branch", "pull_request"] = "push",
    path: str = PATH,
    forge: RegisteredForge | None = None,
) -> RegisteredRepository:
    return RegisteredRepository(
        url=remote.folder.as_uri(),
        branch="main",
        path=path,
        owner="ArgoCD/shop",
        mode=mode,
        forge=forge,
    )
