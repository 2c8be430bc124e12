"""THE TABLE: every metric once, and every attribute that is not served, with the reason. Start in ``table``."""
