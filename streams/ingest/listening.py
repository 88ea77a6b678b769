"""A server at the address that its settings give it."""

from aiohttp import web

from streams.ingest.refusal import BadConfiguration, why_of


async def listen(runner: web.AppRunner, host: str, port: int, setting: str) -> int:
    """The port that was really bound. `setting` of the port. Raises BadConfiguration."""
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        why = f"MENDLOG_{setting}={port}: cannot listen on {host}:{port}: {why_of(error)}"
        raise BadConfiguration(why) from None
    return int(runner.addresses[0][1])
