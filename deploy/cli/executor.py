"""`mendlog executor`: carries commands out on the clusters, and says what it must be allowed."""

from typing import Annotated

import typer

from deploy.cli.terminal import commands, show_json

app = commands("Carry commands out on the clusters, each at most once.", bare=True)


@app.callback(invoke_without_command=True)
def executor(context: typer.Context) -> None:
    """Carry commands out; settings from MENDLOG_*, see docs/operations.md.

    TARGET_NAMESPACE and TARGET_DEPLOYMENT bind it to one workload: all others are refused.
    MENDLOG_ACTIONS names the actions that it carries out: all unless set.
    MENDLOG_COMMAND_KEYS names the processors' public keys: what none of them has signed is refused.
    MENDLOG_EVENTS=false keeps it from telling of them by Kubernetes Events on their targets.
    DEGRADED_PARAM names the environment variable that `degrade` sets: DEGRADED_MODE unless set.
    MENDLOG_PROBE_HOSTS and MENDLOG_PROMETHEUS_URLS say what probes may ask: nothing unless set.
    """
    if context.invoked_subcommand is not None:
        return
    from deploy.failpoints import failpoint
    from deploy.logs import configure
    from deploy.registry import join_registry
    from remediators.bootstrap import run_executor
    from remediators.settings import ExecutorSettings

    configure()
    settings = ExecutorSettings()
    join_registry(settings.registry_url, settings.topic_prefix)
    raise typer.Exit(run_executor(settings, failpoint()))


@app.command()
def rights(
    namespace: Annotated[
        list[str] | None,
        typer.Option(
            help="Of its targets; several times for several. TARGET_NAMESPACE unless set."
        ),
    ] = None,
    actions: Annotated[
        str | None,
        typer.Option(help="Between commas. What MENDLOG_ACTIONS says unless set, else all."),
    ] = None,
    account: Annotated[str, typer.Option(help="The service account.")] = "mendlog-executor",
    account_namespace: Annotated[str, typer.Option(help="Where it is kept.")] = "mendlog",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Print YAML, as unless said.")] = False,
) -> None:
    """Print the roles that it needs for its actions, to be applied by somebody who may.

    Without a namespace they hold in all of them. Example:
    mendlog executor rights --namespace shop --actions restart,roll_back | kubectl apply -f -
    """
    import yaml

    from deploy.rbac import manifests
    from remediators.actions.rights import rights_of
    from remediators.settings import ExecutorSettings

    if as_json and as_yaml:
        raise typer.BadParameter("--json and --yaml exclude each other")
    given = {} if actions is None else {"actions": actions}
    settings = ExecutorSettings(**given)  # type: ignore[arg-type]
    bound = (settings.target_namespace,) if settings.target_namespace else ()
    needed = rights_of(settings.actions, telling=settings.events)
    made = manifests(needed, account, account_namespace, namespace or bound)
    if as_json:
        show_json({"apiVersion": "v1", "kind": "List", "items": made})
    else:
        typer.echo(yaml.safe_dump_all(made, sort_keys=False), nl=False)
