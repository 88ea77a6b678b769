"""Where the logs of pods are: one folder a pod, one file for each run of a container."""

import shutil
from pathlib import Path

from deploy.sandbox.cluster.objects import Json, name, namespace, uid

LOG_BYTES_MAX = 10 * 1024 * 1024
DEAD_PODS_KEPT = 50


def log_file(logs: Path, pod: Json, container: str, run: int) -> Path:
    return folder_of(logs, pod) / container / f"{run}.log"


def folder_of(logs: Path, pod: Json) -> Path:
    return logs / f"{namespace(pod)}_{name(pod)}_{uid(pod)}"


def rotate(file: Path) -> None:
    """Keep the last part of a log that has grown too large.

    Copied and emptied instead of renamed: the process goes on writing to the file it has open,
    and since that was opened for appending, it goes on at the new end.
    """
    if file.exists() and file.stat().st_size > LOG_BYTES_MAX:
        shutil.copyfile(file, file.with_suffix(".log.1"))
        with file.open("r+b") as log:
            log.truncate(0)


def forget_oldest(logs: Path, alive: set[Path]) -> None:
    """Remove the folders of all but the last pods that are gone."""
    dead = [folder for folder in logs.iterdir() if folder not in alive]
    dead.sort(key=lambda folder: folder.stat().st_mtime_ns)
    for folder in dead[:-DEAD_PODS_KEPT]:
        shutil.rmtree(folder, ignore_errors=True)
