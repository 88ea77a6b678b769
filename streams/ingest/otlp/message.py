"""OpenTelemetry's messages as protobuf's library reads them, one layer at a time.

Their definitions are the project's own package. What a message holds in messages is left as bytes:
the library would make all of them at once, a hundred bytes of memory of two bytes that were sent;
and most attributes have been read before.
"""

from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

CUMULATIVE = metrics_pb2.AGGREGATION_TEMPORALITY_CUMULATIVE
NO_RECORDED_VALUE = metrics_pb2.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
_PACKAGE = "mendlog.otlp"
_OF_MESSAGES = (Field.TYPE_MESSAGE, Field.TYPE_ENUM)


def _opened(message: Any) -> Any:
    """The same message, with those in it left as bytes."""
    shape = DescriptorProto()
    message.DESCRIPTOR.CopyToProto(shape)
    del shape.nested_type[:], shape.enum_type[:]
    for field in shape.field:
        if field.type in _OF_MESSAGES:
            is_message = field.type == Field.TYPE_MESSAGE
            field.type = Field.TYPE_BYTES if is_message else Field.TYPE_INT32
            field.ClearField("type_name")
    file = FileDescriptorProto(name=f"{shape.name}.proto", package=_PACKAGE, syntax="proto3")
    file.message_type.append(shape)
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{shape.name}"))


RequestMessage = _opened(ExportMetricsServiceRequest)
ResourceMetrics = _opened(metrics_pb2.ResourceMetrics)
ScopeMetrics = _opened(metrics_pb2.ScopeMetrics)
Metric = _opened(metrics_pb2.Metric)
Attributes = _opened(Resource)
POINTS = {
    "gauge": (_opened(metrics_pb2.Gauge), _opened(metrics_pb2.NumberDataPoint)),
    "sum": (_opened(metrics_pb2.Sum), _opened(metrics_pb2.NumberDataPoint)),
    "histogram": (_opened(metrics_pb2.Histogram), _opened(metrics_pb2.HistogramDataPoint)),
    "summary": (_opened(metrics_pb2.Summary), _opened(metrics_pb2.SummaryDataPoint)),
    "exponential_histogram": (_opened(metrics_pb2.ExponentialHistogram), None),
}
"""By kind of metric: what holds its points, and one of them."""
Quantile = metrics_pb2.SummaryDataPoint.ValueAtQuantile
