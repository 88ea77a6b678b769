"""Addresses and node ports of services: handed out once, and kept."""

from collections.abc import Iterable
from ipaddress import IPv4Network

from deploy.sandbox.cluster.api.resources import SERVICES
from deploy.sandbox.cluster.api.service_defaults import NO_ADDRESS
from deploy.sandbox.cluster.api.store import Store
from deploy.sandbox.cluster.objects import Json

ADDRESSES = IPv4Network("10.96.0.0/16")
NODE_PORTS = range(30000, 32768)


def give_addresses(store: Store, new: Json, old: Json | None) -> None:
    spec = new.setdefault("spec", {})
    before = old["spec"] if old else {}
    if spec.get("type") == "ExternalName":
        return
    if not spec.get("clusterIP"):
        spec["clusterIP"] = before.get("clusterIP") or _address(store)
    if spec["clusterIP"] == before.get("clusterIP"):
        spec.setdefault("clusterIPs", before["clusterIPs"])
    else:
        spec["clusterIPs"] = [spec["clusterIP"]]
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        _give_node_ports(store, spec, before)


def _address(store: Store) -> str:
    taken = {one["spec"].get("clusterIP", NO_ADDRESS) for one in store.all(SERVICES.id)}
    return next(str(one) for one in ADDRESSES.hosts() if str(one) not in taken)


def _give_node_ports(store: Store, spec: Json, before: Json) -> None:
    kept = {port["port"]: port["nodePort"] for port in _with_node_port([before])}
    taken = {
        port["nodePort"] for port in _with_node_port(one["spec"] for one in store.all(SERVICES.id))
    }
    free = (number for number in NODE_PORTS if number not in taken)
    for port in spec.get("ports") or ():
        if not port.get("nodePort"):
            port["nodePort"] = kept.get(port.get("port")) or next(free)


def _with_node_port(specs: Iterable[Json]) -> list[Json]:
    return [port for spec in specs for port in spec.get("ports", ()) if port.get("nodePort")]
