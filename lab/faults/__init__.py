"""Real faults in a world of real brokers, producers, exporters, Prometheus and Alertmanager, for the alert pack.

``faults.yaml``, beside this folder, is the table of faults. Each fault is a module of this folder with its name, and a
class in it: the fault ``broker-frozen`` is ``broker_frozen.BrokerFrozen``. ``python -m lab.faults`` runs them.
"""
