"""The proof that the boards work: each query is asked of a Prometheus that scrapes the lab, in health and in faults.

``python -m dashboards.proof`` asks, records the answers in ``recorded/dashboards``, and writes
``docs/dashboard-proof.md``.
"""
