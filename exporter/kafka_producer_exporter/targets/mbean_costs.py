"""The memory that serving an MBean costs, as an estimate."""

# The cost of one more MBean at its peak, with two scrapers at once: names, label texts, values, lines of the page.
# Fitted to docs/benchmark.md, "Memory": 26 MB for 4400 MBeans with 20 000 attributes, 41 MB for 5600 with 41 600.
MBEAN_BYTES = 3500
ATTRIBUTE_BYTES = 200
LABEL_COPIES = 4
"""How many copies of an attribute's labels are in memory while two pages are made: each page holds them once as the
text of its families and once as its bytes."""


def mbean_bytes(attributes: int, label_length: int) -> int:
    """Return the estimated cost of serving *attributes* attributes of an MBean with labels of *label_length*."""
    return MBEAN_BYTES + attributes * (ATTRIBUTE_BYTES + LABEL_COPIES * label_length)
