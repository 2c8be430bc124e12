"""Kubernetes' own API server and controllers, without a node: pods are created and admitted, and never run."""
