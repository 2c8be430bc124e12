"""JMX without a JVM: a read-only client for JMX over RMI.

Knows nothing of Kafka or Prometheus and imports nothing of the house.
"""
