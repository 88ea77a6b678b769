"""Waits for the end of a process that is not our child."""

import psutil

from deploy.sandbox.processes import wait_until


def await_gone(pid: int) -> None:
    """Gone, or dead and waiting for whoever adopted it."""

    def gone() -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    wait_until(gone, timeout_s=30, what=f"process {pid} to be gone")
