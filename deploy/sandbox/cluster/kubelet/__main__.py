"""`python -m deploy.sandbox.cluster.kubelet`: be the nodes of a control plane elsewhere."""

import argparse
import asyncio
import signal
import ssl
import sys
from pathlib import Path

from deploy.sandbox.cluster.kubelet.client import Server
from deploy.sandbox.cluster.kubelet.kubelet import Kubelet
from deploy.sandbox.cluster.kubelet.pace import SANDBOX_SECOND_S, Pace


def main() -> int:
    given = _arguments()
    token = given.token_file.read_text().strip() if given.token_file else ""
    tls = ssl.create_default_context(cafile=given.ca_file) if given.ca_file else None
    server = Server(given.server.rstrip("/"), token, tls)
    kubelet = Kubelet(server, given.data.resolve(), pace=Pace(given.probe_second))
    try:
        asyncio.run(_until_told(kubelet))
    except asyncio.CancelledError:
        pass
    return 0


async def _until_told(kubelet: Kubelet) -> None:
    running = asyncio.create_task(kubelet.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    await running


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.sandbox.cluster.kubelet", description=__doc__
    )
    parser.add_argument("--server", required=True, help="URL of the API server")
    parser.add_argument("--data", type=Path, required=True, help="folder for logs and processes")
    parser.add_argument("--token-file", type=Path, help="bearer token to be let in with")
    parser.add_argument("--ca-file", type=Path, help="certificate authority of the API server")
    parser.add_argument("--probe-second", type=float, default=SANDBOX_SECOND_S)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
