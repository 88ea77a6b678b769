"""A cluster as a child process, for the demo and for tests."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from deploy.sandbox.access import Access
from deploy.sandbox.processes import Child, wait_until

START_S = 30.0


class Cluster:
    """Started with `start()` or as a context manager; gone, pods included, with its parent."""

    def __init__(
        self, data: Path, cluster_name: str = "demo", options: tuple[str, ...] = ()
    ) -> None:
        self._data = data
        self._address_file = data / "address"
        self._child = Child(
            f"cluster {cluster_name}",
            [
                *(sys.executable, "-m", "deploy.sandbox.cluster"),
                *("--data", str(data)),
                *("--address-file", str(self._address_file)),
                *("--cluster-name", cluster_name),
                *options,
            ],
            log_file=data / "cluster.log",
        )
        self.url = ""

    def start(self) -> "Cluster":
        """Returns when its API answers and its nodes are registered."""
        self._data.mkdir(parents=True, exist_ok=True)
        self._address_file.unlink(missing_ok=True)
        self._child.start()
        what = "the cluster's address"
        wait_until(self._address_file.exists, timeout_s=START_S, what=what, child=self._child)
        self.url = self._address_file.read_text()
        return self

    def stop(self) -> None:
        """SIGTERM; its pods get none, they are killed."""
        self._child.stop()

    def kill(self) -> None:
        """SIGKILL. The pods' processes die with it."""
        self._child.kill()

    @property
    def access(self) -> Access:
        """For people: what they may do here is everything."""
        return Access(self.url)

    @property
    def address(self) -> Mapping[str, str]:
        """For an executor, as its settings name a cluster."""
        return {"url": self.url}

    @property
    def discovery(self) -> str:
        """Where pods are told to whoever does not speak Kubernetes."""
        return f"{self.url}/sd"

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def kubeconfig(self) -> Path:
        return self._data / "kubeconfig"

    @property
    def log_file(self) -> Path:
        return self._child.log_file

    def __enter__(self) -> "Cluster":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
