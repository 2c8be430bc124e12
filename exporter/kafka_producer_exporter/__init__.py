"""Prometheus exporter for Kafka producers: their JMX metrics without a JVM, and what only the brokers know."""

__version__ = "0.1.0"
