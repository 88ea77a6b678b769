"""Where an Alertmanager is asked stands in the file of sources, or all that is wrong with it."""

import pytest

from streams.ingest.alertmanager.address import Address
from streams.ingest.gateway.source_file import compile_sources
from streams.reading.faults import FileError


def compiled(fields: str) -> Address | None:
    (source,) = compile_sources(f"version: 1\nsources: [{{name: am, token_env: AM, {fields}}}]")
    return source.alertmanager


def test_the_address_and_the_file_of_its_proof() -> None:
    assert compiled("alertmanager_url: 'http://am:9093/x/'") == Address("http://am:9093/x")
    both = "alertmanager_url: 'http://am:9093', alertmanager_authorization_file: /etc/am"
    assert compiled(both) == Address("http://am:9093", "/etc/am")
    assert compiled("cluster: eu-1") is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ("alertmanager_url: 'am:9093'", "expected http://host:port"),
        ("alertmanager_url: 'http://am/api/v2/alerts'", "without /api/v2/alerts"),
        ("alertmanager_url: ''", "expected http://host:port"),
        ("alertmanager_url: 'http://am', format: grafana", "needs `format: alertmanager-webhook`"),
        ("alertmanager_authorization_file: /etc/am", "without `alertmanager_url`"),
    ],
)
def test_what_will_not_do_is_named_at_its_place(fields: str, why: str) -> None:
    with pytest.raises(FileError, match=why):
        compiled(fields)
