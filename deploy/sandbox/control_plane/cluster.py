"""A real control plane in the place of the sandbox cluster, for the stack and the demo."""

import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.sandbox import ports
from deploy.sandbox.access import Access
from deploy.sandbox.control_plane import build
from deploy.sandbox.control_plane.credentials import CONTEXT, write_secret
from deploy.sandbox.control_plane.handle import ControlPlane
from deploy.sandbox.control_plane.identities import Rules, executor_rules
from deploy.sandbox.control_plane.parts import Layout
from deploy.sandbox.processes import Child, wait_until
from deploy.sandbox.progress import Quiet, Reporter

READY_S = 30.0
LISTS: Rules = (
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    {"apiGroups": ["apps"], "resources": ["replicasets"], "verbs": ["list"]},
)
"""To tell where pods are."""
RELEASES: Rules = (
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["create"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create", "patch"]},
    {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": ["create"]},
)
"""To deploy checkout, and to break it."""


class RealCluster:
    """Has the face of the sandbox's `Cluster`. Everybody has the rights of their own task."""

    def __init__(self, data: Path, cluster_name: str, progress: Reporter | None = None) -> None:
        self._data = data
        self._cluster_name = cluster_name
        self._progress = progress or Quiet()
        self._plane: ControlPlane | None = None
        self._targets: Child | None = None
        self._access = Access("")
        self._executor = Path()
        (self._port,) = ports.choose(1)

    def start(self) -> "RealCluster":
        """Returns when pods can be placed and are told of. The first start ever builds it."""
        layout = Layout.choose(self._data / "control-plane", build.programs(self._progress))
        self._plane = ControlPlane(layout)
        try:
            self._plane.start()
            self._access = self._plane.access("release", RELEASES)
            self._executor = self._plane.identity("executor", executor_rules())
            self._start_targets(self._plane)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        if self._targets is not None:
            self._targets.stop()
        if self._plane is not None:
            self._plane.stop()

    @property
    def url(self) -> str:
        return self._access.url

    @property
    def access(self) -> Access:
        return self._access

    @property
    def address(self) -> Mapping[str, str]:
        return {"context": CONTEXT, "kubeconfig": str(self._executor)}

    @property
    def discovery(self) -> str:
        return f"http://{ports.HOST}:{self._port}/sd"

    def _start_targets(self, plane: ControlPlane) -> None:
        token_file = self._data / "targets.token"
        write_secret(token_file, plane.access("targets", LISTS).token)
        argv = [
            *(sys.executable, "-m", "deploy.sandbox.control_plane.targets"),
            *("--server", plane.url),
            *("--token-file", str(token_file)),
            *("--ca-file", str(plane.ca_file)),
            *("--cluster-name", self._cluster_name),
            *("--port", str(self._port)),
        ]
        child = Child("targets", argv, log_file=self._data / "targets.log")
        self._targets = child
        child.start()
        what = "somebody to tell where pods are"
        wait_until(lambda: not ports.is_free(self._port), timeout_s=READY_S, what=what, child=child)
