"""Commands in, outcomes out, and the switches, over aiokafka. It appears nowhere else."""
