"""Deployments and pods as the tests need them, from the cheapest process upwards."""

from typing import Any

IDLE = ["sleep", "3600"]


def deployment(
    name: str = "web",
    *,
    replicas: int = 0,
    command: list[str] | None = None,
    env: dict[str, str] | None = None,
    template: dict[str, Any] | None = None,
    container: dict[str, Any] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """Without replicas unless asked for, so that nothing runs."""
    return {
        "metadata": {"name": name, "annotations": {"mendlog.io/enabled": "true"}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "terminationGracePeriodSeconds": 5,
                    "containers": [_container(command, env) | (container or {})],
                    **(template or {}),
                },
            },
            **spec,
        },
    }


def pod(name: str = "alone", command: list[str] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "terminationGracePeriodSeconds": 5,
            "containers": [_container(command, None)],
            **spec,
        },
    }


def budget(name: str = "web", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, **spec},
    }


def _container(command: list[str] | None, env: dict[str, str] | None) -> dict[str, Any]:
    return {
        "name": "main",
        "image": "example/main:1",
        "command": command or IDLE,
        "env": [{"name": key, "value": value} for key, value in (env or {}).items()],
    }
