"""From families to bytes: Prometheus text and OpenMetrics."""
