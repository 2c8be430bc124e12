"""A real ``serve`` with the limits of a small container, between hostile peers and honest ones: ``make torture``."""
