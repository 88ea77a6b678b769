"""The real amtool adds alerts to us, and asks for those that fire."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from deploy.sandbox import ports
from tests.e2e.platform import Platform

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.needs("amtool")]
POLICY = """
version: 1
namespaces: [shop]
receivers: [ops]
route: {receiver: ops, group_by: [alertname], group_wait: 0s}
limits: {preset: production-1, close_after: 10m}
playbooks: []
"""
SHOP, ELSEWHERE = "shop-token-0123456789", "elsewhere-token-0123456789"
SOURCES = """
version: 1
sources:
  - {name: shop, cluster: eu-1, namespaces: [shop], token_env: [MENDLOG_SHOP], may_ask: true}
  - {name: elsewhere, cluster: us-1, token_env: [MENDLOG_ELSEWHERE], may_ask: true}
"""
WAIT_S = 60.0


class Amtool:
    def __init__(self, url: str, folder: Path, token: str) -> None:
        config = folder / f"{token[:4]}.yml"
        config.write_text(f"authorization: {{credentials: {token}}}\n")
        self._options = (f"--alertmanager.url={url}", f"--http.config.file={config}")

    async def __call__(self, *arguments: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            "amtool",
            *self._options,
            *arguments,
            stdout=PIPE,
            stderr=PIPE,
        )
        text, words = await process.communicate()
        assert process.returncode is not None
        return process.returncode, (text or words).decode()

    async def names(self, *arguments: str) -> list[str]:
        """Of the alerts that it is told of, by their label `pod`."""
        code, text = await self("alert", "query", "-o", "json", *arguments)
        assert code == 0, text
        return sorted(alert["labels"]["pod"] for alert in json.loads(text))


@pytest.mark.timeout(240)
async def test_amtool_adds_alerts_and_is_told_of_those_that_fire(
    platform: Platform, tmp_path: Path
) -> None:
    await asyncio.to_thread(platform.prepare, POLICY)
    await asyncio.to_thread(platform.start, "processor")
    (tmp_path / "sources.yaml").write_text(SOURCES)
    await asyncio.to_thread(
        platform.start,
        "gateway",
        HOST=ports.HOST,
        SOURCES_FILE=str(tmp_path / "sources.yaml"),
        SHOP=SHOP,
        ELSEWHERE=ELSEWHERE,
    )
    shop = Amtool(platform.urls["gateway"], tmp_path, SHOP)
    elsewhere = Amtool(platform.urls["gateway"], tmp_path, ELSEWHERE)
    for pod in ("a", "b"):
        code, text = await shop(
            "alert", "add", "Crash", "namespace=shop", f"pod={pod}", "severity=critical"
        )
        assert code == 0, text
    code, text = await elsewhere("alert", "add", "Crash", "namespace=shop", "pod=c")
    assert code == 0, text

    await until(shop, ["a", "b"])
    assert await shop.names("pod=a") == ["a"]
    assert await shop.names("Crash", 'pod=~"a|z"') == ["a"]
    assert await shop.names("severity!=critical") == []
    assert await shop.names("--receiver=ops") == ["a", "b"]
    assert await shop.names("--receiver=nobody") == []
    assert await shop.names("--silenced") == []
    await until(elsewhere, ["c"])
    code, text = await shop("alert", "query")
    assert (code, text.count("Crash"), text.count("active")) == (0, 2, 2), text
    code, text = await shop("alert", "query", "-o", "extended")
    assert code == 0, text
    code, text = await shop("config", "show")
    assert code == 0, text

    silence = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.cli.main", "silence", "add", "pod=b", "--reason=why",
        "--for=1h", "--cluster=eu-1", "--bootstrap", platform.bootstrap,
        "--prefix", platform.prefix, stdout=PIPE,
    )  # fmt: skip
    assert await silence.wait() == 0
    # What stands is stored just after it is decided, and the command waits for the decision.
    await until(shop, ["a"])
    assert await shop.names("--silenced") == ["b"]

    ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    code, text = await shop(
        "alert", "add", "Crash", "namespace=shop", "pod=a", "severity=critical", f"--end={ended}"
    )
    assert code == 0, text
    await until(shop, ["b"], "--active", "--silenced")


async def until(who: Amtool, pods: list[str], *arguments: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while (found := await who.names(*arguments)) != pods:
        assert time.monotonic() < deadline, found
