"""The real world in a box: broker, producers, Prometheus and faults, for demo, tests and benchmarks alike."""
