"""A Confluent-compatible schema registry: schemas by their ids, and ids for our own.

An id means one schema for ever, so what was learnt is kept. "No such id" is an answer about the
record. No answer is none: it raises, because the record is not at fault and has to wait.
"""

import base64
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from schemas.codec import Schema, released
from schemas.shape import full_name

_MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
_ANSWER_BYTES_MAX = 1024 * 1024
_SCHEMAS_MAX = 1000


class RegistryFault(Exception):
    """The registry did not answer, or refused what was asked."""


class BadRegistryUrl(Exception):
    """A setting that is no address of a registry."""


class Registry:
    """Blocks while it asks: once per schema, and never longer than `timeout_s` without a byte."""

    def __init__(self, url: str, timeout_s: float = 3.0) -> None:
        self._url, self._headers = _split_credentials(url)
        self._timeout_s = timeout_s
        self._schemas: dict[int, Schema] = {}
        self._ids: dict[tuple[type, str], int] = {}

    def schema(self, schema_id: int) -> Schema | None:
        """None where the registry has no schema of an Avro record by that id."""
        if schema_id not in self._schemas:
            answer = self._ask("GET", f"/schemas/ids/{schema_id}")
            if answer is None or answer.get("schemaType", "AVRO") != "AVRO":
                return None
            schema = _record_schema(answer.get("schema"))
            if schema is None:
                return None
            if len(self._schemas) >= _SCHEMAS_MAX:
                self._schemas.clear()
            self._schemas[schema_id] = schema
        return self._schemas[schema_id]

    def id_for(self, record: type, topic: str) -> int:
        """The id of the newest schema of `record` for `topic`, registered where it was not."""
        if (record, topic) not in self._ids:
            schema = {"schema": _canonical(released()[full_name(record)][-1])}
            subject = f"/subjects/{urllib.parse.quote(topic, safe='')}-value"
            # Looking it up first needs no right to write, which production does not give.
            answer = self._ask("POST", subject, schema)
            answer = answer or self._ask("POST", f"{subject}/versions", schema)
            if answer is None or not isinstance(answer.get("id"), int):
                raise RegistryFault(f"{self._url}{subject}: no id in the answer")
            self._ids[record, topic] = answer["id"]
        return self._ids[record, topic]

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any] | None:
        """The answer's JSON object; None for 404."""
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers=self._headers,
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:
                return self._answered(answer.read(_ANSWER_BYTES_MAX))
        except urllib.error.HTTPError as fault:
            with fault:
                if fault.code == 404:
                    return None
                said = fault.read(500).decode(errors="replace").strip()
            raise RegistryFault(f"{self._url}{path}: {fault.code} {said}".rstrip()) from fault
        except (OSError, http.client.HTTPException) as fault:
            raise RegistryFault(f"{self._url}{path}: {fault}") from fault

    def _answered(self, text: bytes) -> dict[str, Any]:
        try:
            value = json.loads(text)
        except ValueError as fault:
            raise RegistryFault(f"{self._url} is no registry: {fault}") from fault
        if not isinstance(value, dict):
            raise RegistryFault(f"{self._url} is no registry: it answered {value!r:.100}")
        return value


def _record_schema(text: Any) -> Schema | None:
    try:
        schema = json.loads(text)
    except (TypeError, ValueError):
        return None
    return schema if isinstance(schema, dict) else None


def _canonical(schema: Schema) -> str:
    """One text for one schema, or ids multiply. With its defaults, unlike Avro's canonical form:
    the registry needs them to tell which changes are compatible."""
    return json.dumps(schema, separators=(",", ":"), sort_keys=True)


def _split_credentials(url: str) -> tuple[str, dict[str, str]]:
    """`https://user:password@host` keeps the password out of everything that is printed."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadRegistryUrl(
            "the address of a schema registry looks like http://host:8081 or https://host"
        )
    headers = {"Accept": _MEDIA_TYPE, "Content-Type": _MEDIA_TYPE}
    user, at, host = parts.netloc.rpartition("@")
    if at:
        plain = urllib.parse.unquote(user).encode()
        headers["Authorization"] = "Basic " + base64.b64encode(plain).decode()
    return parts._replace(netloc=host).geturl().rstrip("/"), headers
