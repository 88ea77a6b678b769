"""`mendlog scraper`: Prometheus endpoints into Kafka."""

import typer

from deploy.cli.terminal import commands

app = commands("Read Prometheus endpoints into the topic `metrics`.")


@app.command()
def scraper() -> None:
    """Read Prometheus endpoints; settings from MENDLOG_*, see docs/operations.md."""
    from streams.ingest.scrape import run_scraper

    from deploy.logs import configure
    from streams.settings import ScraperSettings

    configure()
    raise typer.Exit(run_scraper(ScraperSettings()))
