"""Long runs on real brokers, which compare what the broker view says with what Kafka itself says.

``make truth`` runs all of them and writes ``docs/truth.md``. Each part is a module of this package: see ``PARTS``.
"""
