"""THE TABLE: every metric of the page, once; and what is left out, with its reason. Start in ``table``."""
