"""The transaction log: from bytes to record batches, records, transitions and counts. Pure."""
