"""In whose name the controllers write."""

from deploy.sandbox.cluster.api.managed_fields import Writer
from deploy.sandbox.cluster.api.registry import Write

CONTROLLER = Write(Writer("kube-controller-manager"))
SCHEDULER = Write(Writer("kube-scheduler"))
