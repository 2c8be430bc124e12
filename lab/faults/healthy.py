"""No fault at all, for a while."""

from lab.faults.fault import Fault


class Healthy(Fault):
    """Services with mixed load, transactions, and an idle producer; nothing is wrong with them."""
