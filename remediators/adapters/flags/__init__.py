"""Feature flags: which there are, and those that are kept outside of a cluster."""
