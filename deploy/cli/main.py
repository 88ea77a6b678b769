"""The `mendlog` command: a table of command groups, each loaded only when it is called.

Exit codes: 0 done, 1 failed, 2 usage, 78 bad configuration. What goes wrong in a way that we know
is told in a line on stderr; a traceback means a defect of ours.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from deploy.cli.faults import explain
from deploy.cli.terminal import markup

COMMANDS: dict[str, str] = {
    "up": "run the whole stack on this machine until Ctrl-C",
    "demo": "break checkout and watch the loop close",
    "gateway": "take alerts by HTTP into Kafka",
    "ingest": "look at how a source's alerts are read",
    "send": "send alerts from the shell into Kafka",
    "scraper": "read Prometheus endpoints into Kafka",
    "watcher": "follow a Kubernetes cluster's own API into Kafka",
    "processor": "run the agents observe, detect, relay and decide",
    "executor": "carry commands out on the clusters",
    "clusters": "ask each cluster of the executor whether it answers",
    "notifier": "tell people, through Slack, PagerDuty and webhooks",
    "policy": "check, explain and test a policy; put it in force",
    "incidents": "see what is going on, and whose turn it is",
    "approve": "let what an incident proposes be done",
    "reject": "do not let it be done, and take over",
    "snooze": "leave an incident alone for a while",
    "freeze": "no actions for a while; it ends by itself",
    "unfreeze": "end freezes before their time",
    "kill": "no effects any more, within seconds, until unkill",
    "unkill": "effects may happen again",
    "silence": "silence alerts for a while; list and end silences",
    "deployed": "tell of a deployment, from a pipeline",
    "trust": "let a demoted playbook act by itself again",
    "replay": "recompute every decision from the tape and compare",
    "reconcile": "compare what an Alertmanager holds with what is held here",
    "audit": "check on the topics what is promised",
    "topics": "create, list and check the topics",
    "schemas": "list the records and their released versions",
    "doctor": "say what this machine lacks, and how to get it",
}
"""By name: what `--help` says of it. `deploy/cli/<name>.py` holds it, as `app`; a test compares."""


class LazyGroup(TyperGroup):
    """Knows every command by its name and its line of help, until one is called."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name, purpose in COMMANDS.items():
            self.add_command(TyperCommand(name, help=purpose))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name in COMMANDS else command, rest


def load(name: str) -> Any:
    """The command itself. Modules are named with underscores, commands with dashes."""
    module = import_module(f"deploy.cli.{name.replace('-', '_')}")
    return typer.main.get_command(module.app)


def group() -> typer.Typer:
    made = typer.Typer(
        cls=LazyGroup,
        help="Alerts into Kafka, decisions on a tape that replays, remediations that are safe.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=markup(),
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(options)
    return made


def show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"mendlog {version('mendlog')}")
        raise typer.Exit


def options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", is_eager=True, callback=show_version
        ),
    ] = False,
) -> None:
    """What may stand before a command's name."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The console entry point; always ends in SystemExit."""
    try:
        typer.main.get_command(group()).main(args=arguments, prog_name="mendlog")
    except Exception as fault:
        known = explain(fault)
        if known is None:
            raise
        typer.echo(f"mendlog: {known.text}", err=True)
        sys.exit(known.exit_code)


if __name__ == "__main__":
    main()
