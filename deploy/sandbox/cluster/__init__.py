"""A small Kubernetes: the real API's semantics and controllers, with local processes as pods.

`api` is the API server, `controllers` what the control plane does with its objects, `kubelet`
runs pods and speaks to the API over HTTP only, so that it serves a real control plane as well.
docs/decisions/0003-sandbox-cluster.md says what is kept of the real thing and what is not.
"""
