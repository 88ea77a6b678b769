"""Protobuf or JSON, in the request and in its answer: both are in the one that the sender chose."""

import json
from typing import Any

from aiohttp import web
from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from schemas.topics import MIB
from streams.ingest.otlp.read import Unreadable
from streams.ingest.samples.gathered import TooMuch

PROTOBUF, JSON = "application/x-protobuf", "application/json"
JSON_BYTES_MAX = MIB
"""Python makes fifty bytes of memory of one of these."""
_PACKAGE = "mendlog.otlp_status"
_CODES = {400: 3, 401: 16, 403: 7, 408: 4, 413: 8, 415: 3, 503: 14}
"""What google.rpc calls it."""


def _status_type() -> Any:
    """google.rpc.Status, without the details that it never has here."""
    file = FileDescriptorProto(name="otlp_status.proto", package=_PACKAGE, syntax="proto3")
    message = file.message_type.add(name="Status")
    one = Field.LABEL_OPTIONAL
    message.field.add(name="code", number=1, type=Field.TYPE_INT32, label=one)
    message.field.add(name="message", number=2, type=Field.TYPE_STRING, label=one)
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Status"))


_Status = _status_type()


def protobuf_of(content_type: str, body: bytes) -> bytes:
    """Raises Unreadable or TooMuch."""
    if content_type == PROTOBUF:
        return body
    if len(body) > JSON_BYTES_MAX:
        raise TooMuch(f"more than {JSON_BYTES_MAX} bytes of JSON: send protobuf")
    if not body.lstrip().startswith(b"{"):  # Of a list the library makes an empty message.
        raise Unreadable("no metrics of OpenTelemetry in JSON: not an object")
    message = ExportMetricsServiceRequest()
    try:
        json_format.Parse(body, message, ignore_unknown_fields=True)
        return bytes(message.SerializeToString())
    # The library raises what its parts raise: ValueError, TypeError, RecursionError, ...
    except Exception as error:
        raise Unreadable(f"no metrics of OpenTelemetry in JSON: {str(error)[:200]}") from None


def success(content_type: str, refused: int, why: str) -> web.Response:
    message = ExportMetricsServiceResponse()
    if refused:
        message.partial_success.rejected_data_points = refused
        message.partial_success.error_message = why
    return _response(200, content_type, message)


def failure(content_type: str, status: int, why: str) -> web.Response:
    return _response(status, content_type, _Status(code=_CODES.get(status, 2), message=why))


def _response(status: int, content_type: str, message: Any) -> web.Response:
    if content_type == PROTOBUF:
        body = message.SerializeToString()
    else:
        body = json.dumps(json_format.MessageToDict(message)).encode()
    return web.Response(status=status, body=body, content_type=content_type)
