"""One file per source of the broker view, each with its own poll and families."""
