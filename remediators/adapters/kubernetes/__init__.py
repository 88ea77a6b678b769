"""The cluster port over the official client: its configuration, credentials and connections, and
requests whose bytes are ours."""
