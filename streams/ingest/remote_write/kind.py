"""The name by which the file of sources lets a sender send samples and nothing else."""

REMOTE_WRITE = "prometheus-remote-write"
