"""The command line of each part of a control plane."""

import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.sandbox import ports

ISSUER = "https://kubernetes.default.svc.cluster.local"
SERVICES = "10.0.0.0/24"
"""A range for Services, without which the API server does not start; nothing is routed."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts find each other's addresses and files."""

    folder: Path
    programs: Path
    etcd_port: int
    peer_port: int
    api_port: int

    @classmethod
    def choose(cls, folder: Path, programs: Path) -> "Layout":
        """Free ports, and a folder that is empty or not there yet."""
        return cls(folder.resolve(), programs, *ports.choose(3))

    @property
    def etcd_url(self) -> str:
        return f"http://{ports.HOST}:{self.etcd_port}"

    @property
    def url(self) -> str:
        return f"https://{ports.HOST}:{self.api_port}"

    @property
    def certificates(self) -> Path:
        return self.folder / "certificates"

    @property
    def ca_file(self) -> Path:
        """The API server signs a certificate for itself, and leaves its authority's behind it."""
        return self.certificates / "apiserver.crt"

    @property
    def signing_key(self) -> Path:
        return self.folder / "service-accounts.key"

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens.csv"

    @property
    def kubelet_token(self) -> Path:
        return self.folder / "kubelet.token"

    def kubeconfig(self, user: str) -> Path:
        return self.folder / "kubeconfigs" / user.removeprefix("system:")


def etcd(layout: Layout) -> list[str]:
    peer = f"http://{ports.HOST}:{layout.peer_port}"
    return [
        str(layout.programs / "etcd"),
        *("--data-dir", str(layout.folder / "etcd")),
        *("--listen-client-urls", layout.etcd_url),
        *("--advertise-client-urls", layout.etcd_url),
        *("--listen-peer-urls", peer),
        *("--initial-advertise-peer-urls", peer),
        *("--initial-cluster", f"default={peer}"),
        # What is lost with the machine is the whole cluster anyway.
        "--unsafe-no-fsync",
    ]


def api_server(layout: Layout) -> list[str]:
    return [
        str(layout.programs / "kube-apiserver"),
        f"--etcd-servers={layout.etcd_url}",
        f"--bind-address={ports.HOST}",
        f"--advertise-address={ports.HOST}",
        # It would tell pods where the API is, and loopback is no such address.
        "--endpoint-reconciler-type=none",
        f"--secure-port={layout.api_port}",
        f"--cert-dir={layout.certificates}",
        "--authorization-mode=Node,RBAC",
        f"--token-auth-file={layout.tokens}",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={layout.signing_key}",
        f"--service-account-signing-key-file={layout.signing_key}",
        f"--service-cluster-ip-range={SERVICES}",
    ]


def controller_manager(layout: Layout, kubeconfig: Path) -> list[str]:
    return [
        str(layout.programs / "kube-controller-manager"),
        f"--kubeconfig={kubeconfig}",
        f"--root-ca-file={layout.ca_file}",
        f"--service-account-private-key-file={layout.signing_key}",
        # Each controller with its own rights, as in every cluster with RBAC.
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--secure-port=0",
    ]


def scheduler(layout: Layout, kubeconfig: Path) -> list[str]:
    return [
        str(layout.programs / "kube-scheduler"),
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
    ]


def kubelet(layout: Layout) -> list[str]:
    return [
        *(sys.executable, "-m", "deploy.sandbox.cluster.kubelet"),
        *("--server", layout.url),
        *("--token-file", str(layout.kubelet_token)),
        *("--ca-file", str(layout.ca_file)),
        *("--data", str(layout.folder / "kubelet")),
    ]
