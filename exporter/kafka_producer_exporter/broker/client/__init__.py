"""Everything that talks to brokers, and the only place that imports kafka-python."""
