"""`mendlog approve`: let what an incident proposes be done."""

from typing import Annotated

import typer

from deploy.cli.ordering import Desk
from deploy.cli.people import (
    WAIT,
    AsJson,
    Bootstrap,
    IncidentId,
    MayReason,
    Prefix,
    Wait,
    Yes,
)
from deploy.cli.terminal import commands

app = commands("Let what an incident proposes be done.")


@app.command()
def approve(
    incident: IncidentId,
    reason: MayReason = "",
    proposal: Annotated[
        str, typer.Option(help="What you have seen before; anything else is refused.")
    ] = "",
    yes: Yes = False,
    wait: Wait = WAIT,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Show what is proposed, ask, and approve exactly that: what has changed meanwhile is
    refused. Of a playbook in shadow mode it says that you agree."""
    from deploy.cli.deciding import decide

    desk = Desk(bootstrap, prefix, wait, as_json)
    decide(desk, "approve", incident, reason, proposal, yes)
