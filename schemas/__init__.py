"""The contract: every topic, every record, every id. Behaviour lives elsewhere."""
