"""What must hold, one idea a file: records in, verdicts out. None of them knows Kafka."""
