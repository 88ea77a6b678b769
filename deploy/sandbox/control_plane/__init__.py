"""A real Kubernetes control plane, to hold the sandbox cluster and our adapters against.

etcd, kube-apiserver, kube-controller-manager and kube-scheduler, built from their Go modules
(`go.mod` and `go.sum` here name every source), with RBAC on. Nodes are played by the sandbox's
own kubelet, so that pods are local processes here as well.
"""
