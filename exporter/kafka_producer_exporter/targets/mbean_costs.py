"""The memory that serving an MBean costs, as an estimate."""

# The cost of one more MBean at its peak, with two scrapers at once: names, label texts, values, lines of the page.
# Fitted to docs/benchmark.md, "Memory".
MBEAN_BYTES = 3500
ATTRIBUTE_BYTES = 200
LABEL_COPIES = 2
"""How many copies of an attribute's labels are in memory while two scrapers get a page each."""
NAME_BYTES = 600
"""The cost of an MBean that is listed and not read."""


def mbean_bytes(attributes: int, label_length: int) -> int:
    """Return the estimated cost of serving *attributes* attributes of an MBean with labels of *label_length*."""
    return MBEAN_BYTES + attributes * (ATTRIBUTE_BYTES + LABEL_COPIES * label_length)
