"""The machines that a cluster's nodes are: whoever provides them can end one."""
