"""`mendlog scraper`: Prometheus endpoints into Kafka."""

import typer

from deploy.cli.terminal import commands

app = commands("Read Prometheus endpoints into the topic `metrics`.")


@app.command()
def scraper() -> None:
    """Read Prometheus endpoints; settings from MENDLOG_*, see docs/operations.md."""
    from deploy.logs import configure
    from deploy.registry import join_registry
    from streams.ingest.scraper.scrape import run_scraper
    from streams.settings import ScraperSettings

    configure()
    settings = ScraperSettings()
    join_registry(settings.registry_url, settings.topic_prefix)
    raise typer.Exit(run_scraper(settings))
