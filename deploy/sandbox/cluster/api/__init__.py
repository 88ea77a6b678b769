"""The API server: objects in memory behind the REST semantics of the real one."""
