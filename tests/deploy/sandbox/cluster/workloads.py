"""Deployments and pods as the tests need them, from the cheapest process upwards."""

from typing import Any

IDLE = ["sleep", "3600"]
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}


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


def stateful_set(
    name: str = "db", *, replicas: int = 0, command: list[str] | None = None, **spec: Any
) -> dict[str, Any]:
    body = deployment(name, replicas=replicas, command=command, **spec)
    body["spec"]["serviceName"] = name
    return body


def daemon_set(name: str = "agent", **spec: Any) -> dict[str, Any]:
    body = deployment(name, **spec)
    del body["spec"]["replicas"]
    return body


def job(
    name: str = "once",
    *,
    command: list[str] | None = None,
    policy: str = "Never",
    **spec: Any,
) -> dict[str, Any]:
    template = {"restartPolicy": policy, "containers": [_container(command, None)]}
    return {"metadata": {"name": name}, "spec": {"template": {"spec": template}, **spec}}


def cron_job(name: str = "nightly", **spec: Any) -> dict[str, Any]:
    template = {"spec": job()["spec"]}
    return {
        "metadata": {"name": name},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": template, **spec},
    }


def service(name: str = "web", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {"ports": [{"port": 80}], "selector": {"app": name}, **spec},
    }


def ingress(name: str = "web") -> dict[str, Any]:
    backend = {"service": {"name": name, "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    rule = {"host": "web.example", "http": {"paths": [path]}}
    return {"metadata": {"name": name}, "spec": {"rules": [rule]}}


def claim(name: str = "disk", storage: str = "1Gi", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": storage}},
            **spec,
        },
    }


def volume(name: str, storage_class: str, storage: str = "1Gi") -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": storage},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "hostPath": {"path": "/nowhere"},
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
