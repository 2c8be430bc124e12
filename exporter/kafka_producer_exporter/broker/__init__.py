"""What no client tells: producer ids, epochs and transactions, from the brokers."""
