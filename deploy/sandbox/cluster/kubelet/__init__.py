"""The kubelet: runs the pods of its nodes as local processes, and reports how they are.

It knows the API server only as a URL, so it serves a real control plane just as well.
"""
