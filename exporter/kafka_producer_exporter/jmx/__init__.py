"""JMX without a JVM: a read-only client for JMX over RMI.

Knows nothing about Kafka or Prometheus, and imports only ``net``. Every module but ``connection`` and ``jar`` is pure:
no I/O and no clock.
"""
