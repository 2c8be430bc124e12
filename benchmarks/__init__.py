"""Benchmarks that measure this exporter and its peers side by side, in one run."""
