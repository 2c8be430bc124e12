"""What the brokers report about a cluster at one moment, and what follows from it. Pure."""
