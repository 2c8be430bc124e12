"""One description of the sidecar, which chart, policy, kustomize component, snippet and ``inject`` must equal."""
