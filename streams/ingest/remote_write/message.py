"""`prometheus.WriteRequest` as protobuf's library reads it: what we use of it, and no more.

Labels are sub-messages that are left as bytes: most of them have been read before.
"""

from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

PACKAGE = "mendlog.remote_write"
_SHAPES: dict[str, tuple[tuple[int, str, int, bool], ...]] = {
    "Label": ((1, "name", Field.TYPE_STRING, False), (2, "value", Field.TYPE_STRING, False)),
    "Sample": (
        (1, "value", Field.TYPE_DOUBLE, False),
        (2, "timestamp", Field.TYPE_INT64, False),
    ),
    "TimeSeries": (
        (1, "labels", Field.TYPE_BYTES, True),
        (2, "samples", Field.TYPE_MESSAGE, True),
        (3, "exemplars", Field.TYPE_BYTES, True),
        (4, "histograms", Field.TYPE_BYTES, True),
    ),
}
"""By message: number, name, type, whether there may be many. The samples' type is Sample."""
SERIES, METADATA = 1, 3
"""Fields of the WriteRequest itself."""


def _message(name: str) -> Any:
    return GetMessageClass(_pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="remote_write.proto", package=PACKAGE, syntax="proto3")
    for name, fields in _SHAPES.items():
        message = file.message_type.add(name=name)
        for number, field, type, many in fields:
            label = Field.LABEL_REPEATED if many else Field.LABEL_OPTIONAL
            of = f".{PACKAGE}.Sample" if type == Field.TYPE_MESSAGE else None
            message.field.add(name=field, number=number, type=type, label=label, type_name=of)
    return file


_pool = DescriptorPool()
_pool.Add(_file())
Label, TimeSeries = _message("Label"), _message("TimeSeries")
