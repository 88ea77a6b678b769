"""A server whose address cannot be had."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from streams.ingest.gateway.process import run_gateway
from streams.ingest.kubernetes.watcher import run_watcher
from streams.ingest.listening import listen
from streams.ingest.refusal import BadConfiguration
from streams.ingest.scraper.scrape import run_scraper
from streams.settings import GatewaySettings, ScraperSettings, WatcherSettings

NOWHERE = "127.0.0.1:1"


class NoCluster:
    def get(self, path: str) -> tuple[int, bytes]:
        raise OSError(path)

    follow = get

    def close(self) -> None:
        pass


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_it_names_the_setting_and_the_address(taken: int) -> None:
    runner = web.AppRunner(web.Application())
    why = rf"^MENDLOG_WEB_PORT={taken}: cannot listen on 127\.0\.0\.1:{taken}: address already in"
    with pytest.raises(BadConfiguration, match=why):
        await listen(runner, "127.0.0.1", taken, "WEB_PORT")
    with pytest.raises(BadConfiguration, match=r"192\.0\.2\.1:0: cannot assign requested address"):
        await listen(runner, "192.0.2.1", 0, "PORT")
    await runner.cleanup()


def test_somebody_has_to_act_first(taken: int) -> None:
    gateway = GatewaySettings(bootstrap=NOWHERE, port=taken)
    assert run_gateway(gateway) == 78
    scraper = ScraperSettings(bootstrap=NOWHERE, targets_url=f"http://{NOWHERE}", web_port=taken)
    assert run_scraper(scraper) == 78
    watcher = WatcherSettings(bootstrap=NOWHERE, cluster="eu", web_port=taken)
    assert run_watcher(watcher, NoCluster()) == 78


def test_a_folder_that_is_not_there_for_the_port(tmp_path: Path) -> None:
    file = tmp_path / "none" / "port"
    assert run_gateway(GatewaySettings(bootstrap=NOWHERE, port=0, port_file=file)) == 78
