"""`mendlog clusters`: how each cluster of the executor is reached, and whether it answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.cli.terminal import commands, show_json, show_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from remediators.clusters import ClusterAddress

app = commands("Ask each cluster of the executor whether it answers.")
AT_ONCE = 16


@app.command()
def clusters(
    file: Annotated[
        Path | None,
        typer.Argument(help="A clusters.yaml; without it, what MENDLOG_CLUSTERS* say."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask each cluster for its version, as the executor would; exit 1 where one does not answer.

    With the executor's own credentials when it is run in its place. See docs/clusters.md.
    """
    from concurrent.futures import ThreadPoolExecutor

    from remediators.clusters import read_clusters
    from remediators.settings import ExecutorSettings

    settings = ExecutorSettings()
    addresses = settings.all_clusters() if file is None else read_clusters(file)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        ask = [
            threads.submit(_asked, *one, settings.request_timeout_s) for one in addresses.items()
        ]
        found = [asking.result() for asking in ask]
    if as_json:
        show_json(found)
    elif found:
        headings = ("cluster", "reached by", "version", "ms", "fault")
        show_table(headings, [_row(one) for one in found])
    else:
        typer.echo("no clusters: set MENDLOG_CLUSTERS_FILE, see docs/clusters.md", err=True)
    if not found or any(one["fault"] for one in found):
        raise typer.Exit(1)


def _asked(name: str, address: "ClusterAddress", timeout_s: float) -> dict[str, Any]:
    import time

    from remediators.adapters.kubernetes.access import BadClusterAddress
    from remediators.adapters.kubernetes.client import KNOCK, ApiServer

    told = {"cluster": name, "reached_by": str(address), "version": None, "latency_ms": None}
    try:
        server = ApiServer(address, timeout_s, 1)
    except BadClusterAddress as fault:
        return {**told, "fault": str(fault)}
    began_s = time.perf_counter()
    answer = server.get(KNOCK)
    latency_ms = round((time.perf_counter() - began_s) * 1000, 1)
    server.close()
    if not isinstance(answer, dict):
        return {**told, "fault": f"{answer.answer}: {answer.detail}"}
    version = str(answer.get("gitVersion", ""))
    return {**told, "version": version, "latency_ms": latency_ms, "fault": ""}


def _row(one: "Mapping[str, Any]") -> tuple[str, ...]:
    from deploy.cli.plain import plain

    keys = ("cluster", "reached_by", "version", "latency_ms", "fault")
    return tuple(plain("" if one[key] is None else str(one[key])) for key in keys)
