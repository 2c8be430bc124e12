"""How to reach a cluster, and as whom: what ``settings`` has of it."""

from kafka_producer_exporter.settings import Broker as Access
from kafka_producer_exporter.settings import BrokerTls, Sasl

__all__ = ["Access", "BrokerTls", "Sasl"]
