"""`mendlog reject`: what an incident proposes is not to be done."""

from typing import Annotated

import typer

from deploy.cli.ordering import Desk
from deploy.cli.people import (
    WAIT,
    AsJson,
    Bootstrap,
    IncidentId,
    Prefix,
    Reason,
    Wait,
    Yes,
)
from deploy.cli.terminal import commands

app = commands("Do not let it be done, and take over.")


@app.command()
def reject(
    incident: IncidentId,
    reason: Reason,
    proposal: Annotated[
        str, typer.Option(help="What you have seen before; anything else is refused.")
    ] = "",
    yes: Yes = False,
    wait: Wait = WAIT,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Show what is proposed, ask, and reject it: a human takes over. Of a playbook in shadow
    mode it says that you do not agree."""
    from deploy.cli.deciding import decide

    desk = Desk(bootstrap, prefix, wait, as_json)
    decide(desk, "reject", incident, reason, proposal, yes)
