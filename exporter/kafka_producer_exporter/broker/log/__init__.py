"""The transaction log: turns bytes into record batches, records and counts. Pure."""
