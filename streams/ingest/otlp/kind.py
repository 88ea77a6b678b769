"""The name by which the file of sources lets a sender send metrics of OpenTelemetry and nothing
else."""

OTLP = "otlp"
