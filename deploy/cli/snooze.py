"""`mendlog snooze`: leave an incident alone for a while."""

from deploy.cli.ordering import Desk
from deploy.cli.people import (
    WAIT,
    AsJson,
    Bootstrap,
    During,
    IncidentId,
    MayReason,
    Prefix,
    Until,
    Wait,
)
from deploy.cli.terminal import commands
from deploy.cli.times import end_ms

app = commands("Leave an incident alone for a while.")


@app.command()
def snooze(
    incident: IncidentId,
    during: During = None,
    until: Until = None,
    reason: MayReason = "",
    wait: Wait = WAIT,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Nothing is done about it and nobody is reminded until then. What is under way is not
    interrupted."""
    from deploy.cli.deciding import snooze

    until_ms = end_ms(during, until)
    snooze(Desk(bootstrap, prefix, wait, as_json), incident, reason, until_ms)
