"""From readings to families, and the collector that never raises."""
