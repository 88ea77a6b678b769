"""How one API server is reached and with which credentials, from what the settings say."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass

from kubernetes.client import Configuration
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION

from remediators.clusters import ClusterAddress, EksAddress


class BadClusterAddress(Exception):
    """The configuration of a cluster cannot be used."""


def _nothing_to_renew(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Access:
    configuration: Configuration
    """Its credentials are asked for each time: what is in files and comes from plugins is renewed
    behind that call."""
    renew: Callable[[str], bool] = _nothing_to_renew
    """The server has turned this header down: whether there may be a better one now."""


def open_access(address: ClusterAddress) -> Access:
    """Reads files and calls nobody, but for a kubeconfig's plugin. Raises BadClusterAddress."""
    configuration = Configuration()
    try:
        if address.eks is not None:
            return _eks(address.eks, configuration)
        if address.url:
            configuration.host = address.url.rstrip("/")
        elif address.in_cluster:
            load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            _by_context(address, configuration)
    except (ConfigException, OSError, ValueError) as fault:
        raise BadClusterAddress(str(fault)) from fault
    return Access(configuration)


def _by_context(address: ClusterAddress, configuration: Configuration) -> None:
    file = address.kubeconfig or KUBE_CONFIG_DEFAULT_LOCATION
    try:
        load_kube_config(  # type: ignore[no-untyped-call]
            config_file=file, context=address.context, client_configuration=configuration
        )
    except ConfigException as fault:
        raise BadClusterAddress(f"context {address.context!r} of {file}: {fault}") from fault


def _eks(address: EksAddress, configuration: Configuration) -> Access:
    try:
        from remediators.adapters.kubernetes.eks import EksTokens
    except ImportError as missing:
        raise BadClusterAddress(
            f"eks needs the extra: pip install 'mendlog[eks]' ({missing})"
        ) from missing
    tokens = EksTokens(address)

    def refresh(into: Configuration) -> None:
        into.api_key["authorization"] = tokens.header()

    configuration.host = address.endpoint.rstrip("/")
    configuration.api_key["authorization"] = ""
    configuration.refresh_api_key_hook = refresh  # type: ignore[assignment]
    if address.ca:
        configuration.ca_cert_data = _pem(address.ca)
    elif address.ca_file:
        configuration.ssl_ca_cert = address.ca_file
    return Access(configuration, tokens.renew)


def _pem(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise BadClusterAddress("ca is no PEM in base64") from None
