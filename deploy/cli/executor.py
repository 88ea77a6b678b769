"""`mendlog executor`: carries commands out on the clusters."""

import typer

from deploy.cli.terminal import commands

app = commands("Carry commands out on the clusters, each at most once.")


@app.command()
def executor() -> None:
    """Carry commands out; settings from MENDLOG_*, see docs/operations.md.

    TARGET_NAMESPACE and TARGET_DEPLOYMENT bind it to one workload: all others are refused.
    MENDLOG_COMMAND_KEYS names the processors' public keys: what none of them has signed is refused.
    DEGRADED_PARAM names the environment variable that `degrade` sets: DEGRADED_MODE unless set.
    MENDLOG_PROBE_HOSTS and MENDLOG_PROMETHEUS_URLS say what probes may ask: nothing unless set.
    """
    from deploy.failpoints import failpoint
    from deploy.logs import configure
    from deploy.registry import join_registry
    from remediators.bootstrap import run_executor
    from remediators.settings import ExecutorSettings

    configure()
    settings = ExecutorSettings()
    join_registry(settings.registry_url, settings.topic_prefix)
    raise typer.Exit(run_executor(settings, failpoint()))
