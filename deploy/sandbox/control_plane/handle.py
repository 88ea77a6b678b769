"""A real control plane as child processes, for tests that compare with it."""

import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.sandbox.access import Access
from deploy.sandbox.control_plane import parts
from deploy.sandbox.control_plane.admin import Admin
from deploy.sandbox.control_plane.credentials import (
    ADMIN,
    CONTROLLERS,
    SCHEDULER,
    write_kubeconfig,
    write_secret,
    write_signing_key,
    write_tokens,
)
from deploy.sandbox.control_plane.identities import KUBELET, Identities, Rules
from deploy.sandbox.control_plane.parts import Layout
from deploy.sandbox.processes import Child, ChildFailed, stop_all, wait_until

READY_S = 60.0
ANSWER_S = 2.0
STOP_S = 10.0


class ControlPlane:
    """Started with `start()` or as a context manager; gone, pods included, with its parent."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._children: list[Child] = []
        self._identities: Identities | None = None

    def start(self) -> "ControlPlane":
        """Returns when its API answers and pods can be placed on its nodes."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Last first, so that pods end with their kubelet and nobody loses what it depends on."""
        stop_all(self._children, STOP_S)

    def identity(self, name: str, rules: Rules) -> Path:
        """The kubeconfig of somebody new, who may do exactly this, in any namespace."""
        return self._admit(name, self.access(name, rules).token)

    def access(self, name: str, rules: Rules) -> Access:
        """The same for who reads no kubeconfig."""
        assert self._identities is not None, "this control plane was never started"
        return Access(self.url, self._identities.token(name, rules), self.ca_file)

    @property
    def url(self) -> str:
        return self._layout.url

    @property
    def ca_file(self) -> Path:
        return self._layout.ca_file

    @property
    def kubeconfig(self) -> Path:
        """Of somebody who may do anything."""
        return self._layout.kubeconfig(ADMIN)

    @property
    def pids(self) -> Mapping[str, int]:
        """Of what has been started so far, by name."""
        return {child.name: child.pid for child in self._children}

    def __enter__(self) -> "ControlPlane":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        assert not self._children, "this control plane was started before"
        layout = self._layout
        layout.folder.mkdir(parents=True, exist_ok=True)
        write_signing_key(layout.signing_key)
        tokens = write_tokens(layout.tokens)
        admin = Admin(Access(self.url, tokens[ADMIN], self.ca_file))
        self._launch("etcd", parts.etcd(layout))
        self._await(lambda: _answers(f"{layout.etcd_url}/health"), "etcd to answer")
        self._launch("kube-apiserver", parts.api_server(layout))
        self._await(admin.is_ready, "kube-apiserver to be ready")
        users = {user: self._admit(user, token) for user, token in tokens.items()}
        controllers = parts.controller_manager(layout, users[CONTROLLERS])
        self._launch("kube-controller-manager", controllers)
        self._launch("kube-scheduler", parts.scheduler(layout, users[SCHEDULER]))
        self._identities = Identities(admin)
        write_secret(layout.kubelet_token, self._identities.token("kubelet", KUBELET))
        self._launch("kubelet", parts.kubelet(layout))
        self._await(lambda: _has_nodes(admin), "nodes that pods can be placed on")

    def _launch(self, name: str, argv: list[str]) -> None:
        child = Child(name, argv, log_file=self._layout.folder / f"{name}.log")
        child.start()
        self._children.append(child)

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        """Fails at once when any part has ended, not only the one that was started last."""

        def holds() -> bool:
            for child in self._children:
                if not child.alive:
                    raise ChildFailed(
                        f"{child.name} ended with {child.exit_code}; {child.log_file} ends:\n"
                        f"{child.log_tail()}"
                    )
            return condition()

        wait_until(holds, timeout_s=READY_S, what=what, child=self._children[-1])

    def _admit(self, user: str, token: str) -> Path:
        file = self._layout.kubeconfig(user)
        return write_kubeconfig(file, self.url, self.ca_file, user, token)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _has_nodes(admin: Admin) -> bool:
    """New nodes keep pods off until a controller has found them ready."""
    nodes = admin.get("/api/v1/nodes")["items"]
    return bool(nodes) and not any(n["spec"].get("taints") for n in nodes)
