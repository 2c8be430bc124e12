"""The Grafana dashboards, built from the catalogue and the alert rules; ``python -m dashboards`` writes ``json/``."""
