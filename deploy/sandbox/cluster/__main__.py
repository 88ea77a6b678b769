"""`python -m deploy.sandbox.cluster`: run a cluster until SIGTERM."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from deploy.sandbox.cluster.api.store import HISTORY_MAX
from deploy.sandbox.cluster.kubelet.pace import SANDBOX_SECOND_S, Pace
from deploy.sandbox.cluster.server import Options, run


def main() -> int:
    options = _options()
    options.data.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(_until_told(options))
    except asyncio.CancelledError:
        pass
    return 0


async def _until_told(options: Options) -> None:
    running = asyncio.create_task(run(options))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    await running


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.cluster", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder for logs and kubeconfig")
    parser.add_argument("--address-file", type=Path, required=True, help="gets the URL when ready")
    parser.add_argument("--cluster-name", default="demo")
    parser.add_argument(
        "--probe-second",
        type=float,
        default=SANDBOX_SECOND_S,
        help="how long a second of probe periods and restart waits lasts (default %(default)s)",
    )
    parser.add_argument("--history", type=int, default=HISTORY_MAX, help="changes kept for watches")
    given = parser.parse_args()
    return Options(
        data=given.data.resolve(),
        address_file=given.address_file,
        cluster_name=given.cluster_name,
        pace=Pace(given.probe_second),
        history_max=given.history,
    )


if __name__ == "__main__":
    sys.exit(main())
