"""PromQL expressions as values: read, rewritten, and what their series look like. Rules, runbooks and boards use it."""
